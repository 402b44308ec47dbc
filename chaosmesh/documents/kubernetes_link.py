"""What Kubernetes objects of different files mean to each other: references, meshes, gateways, backend groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chaosmesh.documents.kinds import Tree
from chaosmesh.documents.kubernetes_spec import REFERENCE
from chaosmesh.documents.manifest import KIND_WORDS, Cluster, Manifest, selects
from chaosmesh.documents.tree import UNRESOLVED, Node, Problems, Unresolved

_KINDS = {word: kind for kind, word in KIND_WORDS.items()}


def link(
    batches: Sequence[Sequence[Tree]], cluster: Cluster, problems: Problems, warnings: Problems
) -> list[tuple[Tree, ...]]:
    """The trees with every reference as a name, each with its mesh, and gateway routes with their gateway."""
    linker = _Linker(cluster, problems, warnings)
    return [tuple(linker.tree(one) if one.manifest else one for one in batch) for batch in batches]


@dataclass(frozen=True, slots=True)
class _Linker:
    cluster: Cluster
    problems: Problems
    warnings: Problems

    def tree(self, tree: Tree) -> Tree:
        manifest = tree.manifest
        if manifest is None or tree.kind == "mesh":
            return tree
        spec = self.resolved(tree.spec)
        if tree.kind == "virtualNode":
            spec = self.grouped(spec, manifest)
        parent = tree.parent
        if tree.kind == "gatewayRoute" and parent is None:
            parent = self.gateway(tree, manifest)
        return replace(tree, spec=spec, parent=parent, mesh=self.mesh(manifest))

    def resolved(self, node: Node) -> Node:
        if node.tag.startswith(REFERENCE):
            namespace, _, name = str(node.value).partition("/")
            kind = _KINDS[node.tag.removeprefix(REFERENCE)]
            return replace(node, value=self.cluster.name_of(kind, namespace, name), tag="")
        if isinstance(node.value, Mapping):
            return replace(node, value={name: self.resolved(one) for name, one in node.value.items()})
        if isinstance(node.value, tuple):
            return replace(node, value=tuple(self.resolved(one) for one in node.value))
        return node

    def grouped(self, spec: Node, manifest: Manifest) -> Node:
        """The node with the services of its backend groups among its backends, each once."""
        groups = manifest.spec.at("backendGroups")
        if groups is None or not groups.items or not isinstance(spec.value, Mapping):
            return spec
        backends = list(spec.fields["backends"].items) if "backends" in spec.fields else []
        known = {one.text("virtualService", "virtualServiceName") for one in backends}
        for reference in groups.items:
            for name in self.services(reference, manifest):
                if name not in known:
                    known.add(name)
                    inner = Node({"virtualServiceName": Node(name, reference.where)}, reference.where)
                    backends.append(Node({"virtualService": inner}, reference.where))
        return replace(
            spec, value={**spec.fields, "backends": Node(tuple(backends), groups.where, groups.key)}
        )

    def services(self, reference: Node, manifest: Manifest) -> Iterator[str]:
        """The services of one group; `*` means every service of the namespace that it names."""
        namespace = reference.text("namespace") or manifest.namespace or ""
        name = reference.text("name") or ""
        if isinstance(name, Unresolved) or isinstance(namespace, Unresolved):
            return
        group = self.cluster.manifests.get(("BackendGroup", namespace, name))
        if group is None:
            hint = "add its document, or name the services under backends"
            message = f"the BackendGroup {namespace}/{name} is not among the documents"
            self.problems.add(reference.where, message, hint)
            return
        members = group.spec.at("virtualservices") or group.spec.at("virtualServices")
        for one in members.items if members else ():
            service, own = one.text("name") or "", one.text("namespace") or namespace
            if service == "*":
                yield from (m.aws_name for m in self.cluster.of("VirtualService") if m.namespace == own)
            elif service:
                yield self.cluster.name_of("VirtualService", own, service)

    def mesh(self, manifest: Manifest) -> str | None:
        """The mesh of an object: what `meshRef` says, else the one that selects its namespace."""
        meshes = list(self.cluster.of("Mesh"))
        written = manifest.spec.text("meshRef", "name")
        if written is not None:
            return (
                self.cluster.manifests[key].aws_name
                if (key := ("Mesh", None, written)) in self.cluster.manifests
                else written
            )
        namespace = manifest.namespace or ""
        labels = self.cluster.namespaces.get(namespace)
        if not meshes or isinstance(namespace, Unresolved):
            return None
        if labels is None:
            names = ", ".join(one.name for one in meshes)
            message = (
                f"the Namespace {namespace} is not among the documents: taken as selected by the mesh {names}"
            )
            first = next((m for m in self.cluster.manifests.values() if m.namespace == namespace), manifest)
            self.warnings.add(
                first.where, message, "add the Namespace with its labels to have the selection checked"
            )
            return meshes[0].aws_name if len(meshes) == 1 else None
        chosen = [one for one in meshes if selects(one.spec.at("namespaceSelector"), labels)]
        if len(chosen) == 1:
            return chosen[0].aws_name
        first = next(m for m in self.cluster.manifests.values() if m.namespace == namespace)
        message = f"exactly one mesh must select the namespace {namespace}; {len(chosen)} of {len(meshes)} do"
        self.problems.add(
            first.where,
            message,
            f"give the Namespace the labels of the namespaceSelector at {meshes[0].where}",
        )
        return None

    def gateway(self, tree: Tree, manifest: Manifest) -> str | None:
        """The gateway of a gateway route: what `virtualGatewayRef` says, else the one whose selectors pick it."""
        namespace = manifest.namespace or ""
        reference = manifest.spec.at("virtualGatewayRef")
        if reference is not None and reference.text("name"):
            own = reference.text("namespace") or namespace
            return self.cluster.name_of("VirtualGateway", own, reference.text("name") or "")
        gateways = list(self.cluster.of("VirtualGateway"))
        if not gateways:
            return None
        chosen = [one for one in gateways if self.picks(one, manifest)]
        if len(chosen) > 1 and namespace not in self.cluster.namespaces:
            near = [one for one in chosen if one.namespace == namespace]
            chosen = near if len(near) == 1 else chosen
        if len(chosen) == 1:
            return chosen[0].aws_name
        names = ", ".join(one.name for one in chosen or gateways)
        message = (
            f"{tree.title}: exactly one gateway must select it; {len(chosen)} of {len(gateways)} do ({names})"
        )
        hint = "look at namespaceSelector and gatewayRouteSelector of the gateway, and at the labels of namespace and route"
        self.problems.add(tree.where, message, hint)
        return UNRESOLVED

    def picks(self, gateway: Manifest, route: Manifest) -> bool:
        """Whether a gateway's selectors pick a route; without its Namespace the namespace counts as picked.

        Without `gatewayRouteSelector` every route of the namespaces is picked.
        """
        labels = self.cluster.namespaces.get(route.namespace or "")
        selector = gateway.spec.at("gatewayRouteSelector")
        near = labels is None or selects(gateway.spec.at("namespaceSelector"), labels)
        return near and (selector is None or selects(selector, route.labels))
