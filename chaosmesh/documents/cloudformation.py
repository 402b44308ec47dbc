"""CloudFormation templates, YAML or JSON: only App Mesh resources are read, what they point to, and ECS tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from chaosmesh.documents.context import Context
from chaosmesh.documents.ecs import read_tasks
from chaosmesh.documents.intrinsics import Resolver
from chaosmesh.documents.kinds import BY_TYPE, Kind, Tree
from chaosmesh.documents.tree import Node, did_you_mean

# The nine names whose API form is not the same word with a small first letter.
_ACRONYMS = {
    "TLS": "tls",
    "SDS": "sds",
    "GRPC": "grpc",
    "HTTP": "http",
    "HTTP2": "http2",
    "TCP": "tcp",
    "ACM": "acm",
    "AWSCloudMap": "awsCloudMap",
    "DNS": "dns",
}
_PASCAL = {api: own for own, api in _ACRONYMS.items()}


def is_cloudformation(root: Node) -> bool:
    """Whether this is a template: resources with types of the form Vendor::Service::Thing."""
    if "AWSTemplateFormatVersion" in root.fields:
        return True
    resources = root.at("Resources")
    return resources is not None and any(
        "::" in (one.text("Type") or "") for one in resources.fields.values()
    )


def read_cloudformation(root: Node, context: Context) -> Iterator[Tree]:
    """The App Mesh resources of one template, in its order; its ECS tasks are added to the context's workloads."""
    resolver = Resolver(root, context)
    for logical, node in resolver.resources.items():
        written = node.text("Type") or ""
        kind = BY_TYPE.get(written)
        if written.startswith("AWS::AppMesh::") and not kind:
            hint = did_you_mean(written, BY_TYPE)
            context.problems.add(node.fields["Type"].place, f"{written} is no type of App Mesh", hint)
        condition = node.at("Condition")
        if kind and (condition is None or resolver.condition(condition)):
            yield _tree(kind, logical, node, resolver)
    read_tasks(root, context)


def _tree(kind: Kind, logical: str, node: Node, resolver: Resolver) -> Tree:
    properties = node.at("Properties") or Node({}, node.where)
    own = {
        pascal(one)
        for one in (kind.name_key, kind.parent_key, "meshName", "spec", "meshOwner", "tags")
        if one
    }
    for name, member in properties.fields.items():
        if name not in own:
            resolver.context.problems.add(
                member.place, f"{name} is no property of {kind.cloudformation}", did_you_mean(name, own)
            )
    names = {
        one: _name(one, node, logical, resolver)
        for one in (kind.name_key, kind.parent_key, "meshName")
        if one
    }
    spec = resolver.resolve(properties.at("Spec") or Node({}, node.where))
    return Tree(
        kind=kind.word,
        name=names[kind.name_key] or logical,
        parent=names[kind.parent_key] if kind.parent_key else None,
        mesh=names["meshName"],
        spec=_camel(spec, resolver.context) if spec.value is not None else Node({}, spec.where),
        where=node.place,
        loose=True,
    )


def _name(key: str, node: Node, logical: str, resolver: Resolver) -> str | None:
    written = node.at("Properties", pascal(key))
    if written is None:
        return None
    found = resolver.name(written, logical, pascal(key))
    if isinstance(found.value, str):
        return found.value
    resolver.context.problems.add(written.place, f"{pascal(key)} must be text", "write it in quotes")
    return None


def pascal(key: str) -> str:
    """A key of the API as CloudFormation writes it."""
    return _PASCAL.get(key, key[:1].upper() + key[1:])


def _camel(node: Node, context: Context) -> Node:
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(_camel(one, context) for one in node.value))
    if not isinstance(node.value, Mapping):
        return node
    members: dict[str, Node] = {}
    for name, member in node.value.items():
        api = _ACRONYMS.get(name) or _ACRONYMS.get(name.upper(), name[:1].lower() + name[1:])
        # The API's own spelling is taken too: real templates carry it, and they deployed.
        if name not in {pascal(api), api}:
            context.problems.add(member.place, f"{name} is no property here", f"write {pascal(api)}")
        if api in members:
            context.problems.add(
                member.place, f"{name} is written twice", f"first at {members[api].place}; remove one"
            )
        members[api] = _camel(member, context)
    return replace(node, value=members)
