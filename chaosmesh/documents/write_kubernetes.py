"""Manifests of the App Mesh controller, one multi-document file.

What a real cluster would not take in is written all the same, in a form that reads back equal, and told as a loss:
objects that break a rule of the controller carry the annotation `chaosmesh/unchecked`, objects that stand for a
resource outside of the documents `chaosmesh/outside`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.documents.kubernetes import VERSION
from chaosmesh.documents.kubernetes_names import Identity, identities
from chaosmesh.documents.kubernetes_rules import refusals
from chaosmesh.documents.manifest import KIND_WORDS, OUTSIDE, UNCHECKED, Cluster, Manifest
from chaosmesh.documents.tree import plain
from chaosmesh.documents.writing import ACCOUNT, REGION, Page, Plain, Written, pointers
from chaosmesh.documents.yamlout import to_yaml

_KINDS = {word: kind for kind, word in KIND_WORDS.items()}
_RENAMED = {"certificateArn": "certificateARN", "certificateAuthorityArns": "certificateAuthorityARNs"}
Path = tuple[str | int, ...]


def write_kubernetes(mesh_name: str, resources: Sequence[Plain], cluster: Cluster) -> Written:
    """The resources as manifests. `cluster` gives the names and pod selectors of objects that came from manifests."""
    writer = _Writer(mesh_name, resources, cluster)
    objects = [*writer.namespaces(), *writer.objects()]
    writer.written.pages.append(Page("mesh.yaml", "---\n".join(to_yaml(one) for one in objects)))
    return writer.written


@dataclass(slots=True)
class _Writer:
    mesh_name: str
    resources: Sequence[Plain]
    cluster: Cluster
    written: Written = field(default_factory=Written)
    known: dict[tuple[str, str], Identity] = field(init=False)
    origin: dict[tuple[str, str], Manifest] = field(init=False)

    def __post_init__(self) -> None:
        self.origin = {(KIND_WORDS.get(m.kind, ""), m.aws_name): m for m in self.cluster.manifests.values()}
        self.known = identities(self.mesh_name, self.resources, self.origin)

    @property
    def mesh(self) -> Identity:
        return self.known["mesh", self.mesh_name]

    def namespaces(self) -> Iterator[dict[str, Any]]:
        """The namespaces, labelled so that the mesh selects them."""
        for name in dict.fromkeys(one.namespace for one in self.known.values() if one.namespace):
            labels = {**self.cluster.namespaces.get(name, {}), "mesh": self.mesh.name}
            labels.pop("kubernetes.io/metadata.name", None)
            yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

    def objects(self) -> Iterator[dict[str, Any]]:
        """Every object: what stands for resources outside first, then each resource."""
        own = {(one.kind, one.name) for one in self.resources}
        routes: dict[str, list[Plain]] = {}
        for one in self.resources:
            if one.kind == "route":
                routes.setdefault(one.parent or "", []).append(one)
        for kind, name in self.known:
            if (kind, name) not in own:
                yield self.outside(kind, name, routes.get(name, []))
        for one in self.resources:
            if one.kind != "route":
                yield self.object(one, routes.get(one.name, []) if one.kind == "virtualRouter" else [])

    def outside(self, kind: str, name: str, routes: Sequence[Plain]) -> dict[str, Any]:
        """An object that only gives a name to what refers to it."""
        reason = f"the {kind} {name} is not among the documents: its object only gives its name"
        users = [one for one in self.resources if kind == "mesh" or one.parent == name]
        for one in users[:1] if kind == "mesh" else users:
            self.written.lose(one, (), reason)
        stand_in = Plain(kind, name, None, {"listeners": []} if kind == "virtualGateway" else {})
        return self.object(stand_in, routes, outside=True)

    def object(self, one: Plain, routes: Sequence[Plain], *, outside: bool = False) -> dict[str, Any]:
        """One object with its spec in the words of the CRD."""
        identity = self.known[one.kind, one.name]
        spec = self.spec(one, identity)
        if one.kind == "virtualRouter" and routes:
            spec["routes"] = [{"name": route.name, **self.crd(route)} for route in routes]
        marks = {OUTSIDE: "true"} if outside else {}
        checked = [*([] if outside else [one]), *routes]
        if sum(self.refused(each, spec) for each in checked):
            marks[UNCHECKED] = "true"
        metadata: dict[str, Any] = {"name": identity.name}
        if identity.namespace:
            metadata["namespace"] = identity.namespace
        if one.kind == "gatewayRoute":
            metadata["labels"] = {"gateway": self.known["virtualGateway", one.parent or ""].label}
        if marks:
            metadata["annotations"] = marks
        return {"apiVersion": VERSION, "kind": _KINDS[one.kind], "metadata": metadata, "spec": spec}

    def spec(self, one: Plain, identity: Identity) -> dict[str, Any]:
        """The whole spec: what Kubernetes needs to know, then the policy."""
        spec: dict[str, Any] = {} if identity.is_default(one) else {"awsName": one.name}
        if one.kind == "mesh":
            spec["namespaceSelector"] = {"matchLabels": {"mesh": identity.name}}
        if one.kind == "virtualGateway":
            spec["namespaceSelector"] = {}
            spec["gatewayRouteSelector"] = {"matchLabels": {"gateway": identity.label}}
        if one.kind in {"virtualNode", "virtualGateway"}:
            origin = self.origin.get((one.kind, one.name))
            pods = origin.spec.at("podSelector") if origin else None
            if pods:
                spec["podSelector"] = plain(pods)
            elif not origin and one in self.resources:
                self.written.lose(
                    one, (), "podSelector is unknown: the object selects no pods until it has one"
                )
        return {**spec, **self.crd(one)}

    def crd(self, one: Plain) -> dict[str, Any]:
        """The policy in the words of the CRD."""
        links = {path: self.pointer(one, path, kind, name) for path, kind, name in pointers(one)}
        found: dict[str, Any] = _renamed(one.spec, (), links)
        if one.kind == "mesh" and "serviceDiscovery" in found:
            found["meshServiceDiscovery"] = found.pop("serviceDiscovery")
        return found

    def pointer(self, one: Plain, path: Path, kind: str, name: str) -> tuple[str, Any]:
        """Key and value that refer to another resource: by name, or by ARN where it is not among the documents."""
        target = self.known.get((kind, name))
        if target is None:
            mesh = self.mesh_name.replace("/", "-")
            reason = (
                f"the {kind} {name} is not among the documents: account and region of its ARN are made up"
            )
            self.written.lose(one, path, reason)
            return f"{kind}ARN", f"arn:aws:appmesh:{REGION}:{ACCOUNT}:mesh/{mesh}/{kind}/{name}"
        holder = ("virtualRouter", one.parent or "") if one.kind == "route" else (one.kind, one.name)
        own = self.known[holder]
        reference = {"name": target.name}
        if target.namespace != own.namespace and target.namespace:
            reference["namespace"] = target.namespace
        return f"{kind}Ref", reference

    def refused(self, one: Plain, spec: Mapping[str, Any]) -> bool:
        """Whether the controller would refuse the resource; each reason becomes a loss."""
        for path, value in _ignored(one):
            self.written.lose(
                one, path, f"ipPreference {value} is no field of the CRD here: a cluster ignores it"
            )
        found = refusals(one.kind, one.spec, {"routes": spec.get("routes", [])})
        for path, message in found:
            self.written.lose(one, path, message)
        return bool(found)


def _ignored(one: Plain) -> Iterator[tuple[Path, Any]]:
    discovery = one.spec.get("serviceDiscovery", {}) if one.kind == "virtualNode" else {}
    for kind in ("dns", "awsCloudMap"):
        if "ipPreference" in discovery.get(kind, {}):
            yield ("serviceDiscovery", kind, "ipPreference"), discovery[kind]["ipPreference"]


def _renamed(value: Any, path: Path, links: Mapping[Path, tuple[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_renamed(member, (*path, index), links) for index, member in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for key, member in value.items():
        inner = (*path, key)
        if inner in links:
            pointer, target = links[inner]
            found[pointer] = target
        else:
            found[str(_RENAMED.get(key, key))] = _renamed(member, inner, links)
    return found
