"""Kubernetes manifests of the App Mesh controller (`appmesh.k8s.aws/v1beta2`), shell templates included.

Of namespaces the labels are kept, by which meshes and gateways pick them; of what runs pods, and of ConfigMaps, the
whole (`deployments`). Objects of other kinds are passed over.
What needs the other files (references, membership) is done by `kubernetes_link`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from chaosmesh.documents.context import Context
from chaosmesh.documents.kinds import Tree
from chaosmesh.documents.kubernetes_rules import broken_rules
from chaosmesh.documents.kubernetes_spec import Report, api_spec
from chaosmesh.documents.manifest import GROUP, KIND_WORDS, OUTSIDE, UNCHECKED, Manifest, default_name, texts
from chaosmesh.documents.parsing import parse
from chaosmesh.documents.pods import KINDS
from chaosmesh.documents.template import Template, fill
from chaosmesh.documents.tree import Node, Unresolved, did_you_mean
from chaosmesh.documents.variables import Unbound
from chaosmesh.errors import DocumentError

VERSION = f"{GROUP}/v1beta2"
_GROUP = re.compile(rf"[\"']?\bapiVersion[\"']?\s*:\s*[\"']?{re.escape(GROUP)}/")
_VERSION, _KIND = (rf"^[\"']?{word}[\"']?\s*:" for word in ("apiVersion", "kind"))
_OBJECT = re.compile(rf"{_VERSION}.*?{_KIND}|{_KIND}.*?{_VERSION}", re.MULTILINE | re.DOTALL)
_JSON = re.compile(r'\s*\{\s*"(apiVersion|kind)"\s*:')


def is_kubernetes(text: str) -> bool:
    """Whether a text (a template may be no YAML yet) holds Kubernetes objects."""
    return any((_GROUP.search(text), _OBJECT.search(text), _JSON.match(text)))


def read_kubernetes(text: str, context: Context) -> Iterator[Tree]:
    """The App Mesh resources of one file; its objects and namespaces are added to the context's cluster and
    workloads."""
    template = fill(text, context.file, context.variables)
    try:
        roots = parse(template.text, context.file)
    except DocumentError as error:
        if not _GROUP.search(text):
            return  # nothing of ours, and perhaps a template of another tool
        explained = template.explained(error, context.unbound)
        if explained:
            raise explained from None
        return
    reader = _Reader(context, template)
    trees = [tree for root in roots for one in _flat(root) for tree in reader.object(one)]
    yield from reader.renamed(trees)


def _flat(root: Node) -> Iterator[Node]:
    """The objects of a `List`, or the object itself."""
    items = root.at("items")
    if (root.text("kind") or "").endswith("List") and items:
        for one in items.items:
            yield from _flat(one)
    else:
        yield root


@dataclass(slots=True)
class _Reader:
    context: Context
    template: Template
    retired: bool = False

    def object(self, root: Node) -> Iterator[Tree]:
        version, kind = root.text("apiVersion") or "", root.text("kind") or ""
        if kind == "Namespace" and version == "v1":
            self.namespace(self.template.placed(root, None))
        elif kind in KINDS or kind == "ConfigMap":
            missing = Unbound()
            self.context.workloads.add(self.template.placed(root, missing), missing)
        if not version.startswith(f"{GROUP}/"):
            return
        if version != VERSION:
            self.retire(self.template.placed(root, None), version)
            return
        if kind in KIND_WORDS:
            yield from self.resource(kind, self.template.placed(root, self.context.unbound))
        elif kind == "BackendGroup":
            self.manifest(kind, self.template.placed(root, self.context.unbound))
        else:
            placed = self.template.placed(root, None)
            place = (placed.at("kind") or placed).place
            hint = did_you_mean(kind, [*KIND_WORDS, "BackendGroup"])
            self.context.problems.add(
                place, f"{kind or 'an object without kind'} is no kind of {VERSION}", hint
            )

    def namespace(self, root: Node) -> None:
        name = root.text("metadata", "name")
        if name is not None:
            labels = {"kubernetes.io/metadata.name": name, **texts(root.at("metadata", "labels"))}
            self.context.cluster.namespaces[name] = labels

    def retire(self, root: Node, version: str) -> None:
        """One problem a file: every object of it is of that version."""
        if not self.retired:
            hint = "write the same policy for v1beta2 (routes stand in a VirtualRouter there), or as API JSON"
            place = (root.at("apiVersion") or root).where
            self.context.problems.add(place, f"{version} is retired and not read; {VERSION} is", hint)
        self.retired = True

    def manifest(self, kind: str, root: Node) -> Manifest | None:
        """The object's identity, kept for the other files; None with a problem where it has no name."""
        spec = root.at("spec") or Node({}, root.where)
        name = root.at("metadata", "name")
        if name is None or not isinstance(name.value, str) or not name.value:
            place = (name or root.at("metadata") or root).place
            self.context.problems.add(
                place, f"this {kind} has no name", "write metadata.name as text, in quotes"
            )
            return None
        namespace = None if kind == "Mesh" else self.namespace_of(root, kind, name.value)
        written = spec.at("awsName")
        if written is not None and written.value is not None and not isinstance(written.value, str):
            self.context.problems.add(written.place, "awsName must be text", "write it in quotes")
        own = spec.text("awsName") or default_name(kind, namespace, name.value)
        parts = (name.value, namespace or "", spec.text("awsName") or "")
        if any(isinstance(one, Unresolved) for one in parts):
            own = Unresolved("?")
        labels = texts(root.at("metadata", "labels"))
        found = Manifest(kind, namespace, name.value, own, spec, root.where, labels)
        self.context.cluster.manifests[kind, namespace, name.value] = found
        return found

    def namespace_of(self, root: Node, kind: str, name: str) -> str:
        node = root.at("metadata", "namespace")
        if node is not None and isinstance(node.value, str) and node.value:
            return node.value
        place = (node or root.at("metadata") or root).place
        self.context.warnings.add(
            place, f"{kind} {name} names no namespace: default is taken", "write metadata.namespace"
        )
        return "default"

    def resource(self, kind: str, root: Node) -> Iterator[Tree]:
        manifest = self.manifest(kind, root)
        if manifest is None:
            return
        marks = texts(root.at("metadata", "annotations"))
        warnings, problems = self.context.warnings, self.context.problems
        refused = warnings if marks.get(UNCHECKED) == "true" else problems
        report = Report(
            problems=problems, refused=refused, warnings=warnings, namespace=manifest.namespace or ""
        )
        word = KIND_WORDS[kind]
        spec = api_spec(word, manifest.spec, report)
        if marks.get(OUTSIDE) != "true":
            broken_rules(word, spec, manifest, report)
            yield Tree(word, manifest.aws_name, None, None, spec, root.where, manifest=manifest)
        if kind == "VirtualRouter":
            yield from self.routes(manifest, report)

    def routes(self, router: Manifest, report: Report) -> Iterator[Tree]:
        routes = router.spec.at("routes")
        for route in routes.items if routes else ():
            name = route.at("name")
            if name is None or not isinstance(name.value, str) or not name.value:
                self.context.problems.add(
                    (name or route).place, "this route has no name", "write its name, in quotes"
                )
                continue
            own = {key: one for key, one in route.fields.items() if key != "name"}
            spec = api_spec("route", replace(route, value=own), report)
            broken_rules("route", spec, router, report)
            yield Tree("route", name.value, router.aws_name, None, spec, route.where, manifest=router)

    def renamed(self, trees: list[Tree]) -> Iterator[Tree]:
        """The user's own name and parent for the one resource of a file; the parent for every gateway route."""
        name, parent = self.context.name, self.context.parent
        if name and len(trees) > 1:
            file = Path(self.context.file).name
            hint = "a manifest carries its names itself; only a file with one resource can get another"
            self.context.problems.add(
                trees[0].where, f"{file} holds {len(trees)} resources; one name is given", hint
            )
        for tree in trees:
            given = replace(tree, parent=parent) if parent and tree.kind == "gatewayRoute" else tree
            yield replace(given, name=name) if name and len(trees) == 1 else given
