"""The JSON of the App Mesh API: with names, without names (spec only), or as a describe answer wraps it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from chaosmesh.documents.context import Context
from chaosmesh.documents.kinds import KINDS, Kind, Tree
from chaosmesh.documents.tree import Node, did_you_mean
from chaosmesh.documents.variables import bind

_ROUTES = ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")
_NAMES = {kind.name_key for kind in KINDS.values()}
_ENVELOPE = {
    "clientToken",
    "tags",
    "meshOwner",
    "metadata",
    "status",
}  # of requests and answers; no policy in them
_WORDS = (  # what people call their files; a route of a gateway is asked for first
    ("gatewayRoute", r"gateway-?route|\bgr\d*\b"),
    ("route", r"route\b|route-?\d+"),
    ("virtualRouter", r"router|\bvr\d*\b"),
    ("virtualService", r"service|\bvs\d*\b"),
    ("virtualNode", r"node|\bvn\d*\b"),
    ("virtualGateway", r"gateway|\bvg\d*\b"),
    ("mesh", r"mesh"),
)


def is_api_json(root: Node) -> bool:
    """Whether this is one resource of the API, or a list of them."""
    if root.items:
        return all(is_api_json(one) for one in root.items)
    fields = set(root.fields)
    return (
        bool(fields & _NAMES)
        or ("spec" in fields and "apiVersion" not in fields)
        or _wrapped(root) is not None
    )


def read_api_json(root: Node, context: Context) -> Iterator[Tree]:
    """The resources of one file. A route without a parent's name has the parent None."""
    for one in root.items or (root,):
        document = bind(one, context.variables, context.unbound)
        wrapped = _wrapped(document)
        if wrapped:
            document = wrapped
        kind = _kind(document, context)
        if kind:
            yield _tree(kind, document, context)


def _wrapped(root: Node) -> Node | None:
    if len(root.fields) != 1:
        return None
    word, inner = next(iter(root.fields.items()))
    return inner if word in KINDS and "spec" in inner.fields else None


def _tree(kind: Kind, document: Node, context: Context) -> Tree:
    known = {kind.name_key, "meshName", "spec", *_ENVELOPE} | (
        {kind.parent_key} if kind.parent_key else set()
    )
    for name, member in document.fields.items():
        if name not in known:
            context.problems.add(
                member.place, f"{name} is no field of a {kind.word}", did_you_mean(name, known - _ENVELOPE)
            )
    spec = document.at("spec")
    name = context.name or _name(document, kind, context) or Path(context.file).stem
    return Tree(
        kind=kind.word,
        name=name,
        parent=(context.parent or _text(document, kind.parent_key, context)) if kind.parent_key else None,
        mesh=_text(document, "meshName", context),
        spec=spec if spec and spec.value is not None else Node({}, document.where),
        where=document.where,
    )


def _name(document: Node, kind: Kind, context: Context) -> str | None:
    given = _text(document, kind.name_key, context)
    if given is None and kind.word == "mesh":
        return context.mesh_name
    return given


def _text(document: Node, key: str | None, context: Context) -> str | None:
    node = document.at(key) if key else None
    if node is None or isinstance(node.value, str):
        return str(node.value) if node else None
    context.problems.add(node.place, f"{key} must be text", 'write it in double quotes: "…"')
    return None


def _kind(document: Node, context: Context) -> Kind | None:
    fields = set(document.fields)
    for own in ("gatewayRoute", "route", "virtualNode", "virtualService"):
        if KINDS[own].name_key in fields:
            return KINDS[own]
    spec = document.at("spec") or Node({}, document.where)
    word = _by_content(spec) or (None if _routes(spec) else _by_parent(fields))
    if not word and fields & _NAMES == {"meshName"} and set(spec.fields) <= {"serviceDiscovery"}:
        word = "mesh"
    word = word or _by_file(context.file)
    if word:
        return KINDS[word]
    hint = "add its name (virtualNodeName, …), or call the file after its kind: …-node.json, …-router.json, …-gateway.json"
    context.problems.add(document.where, "which kind of App Mesh resource this is can't be told", hint)
    return None


def _routes(spec: Node) -> bool:
    return any(one in spec.fields for one in _ROUTES)


def _by_content(spec: Node) -> str | None:
    fields = spec.fields
    if any(fields[one].at("action", "target") for one in _ROUTES if one in fields):
        return "gatewayRoute"
    if _routes(spec):
        return "route"
    if "provider" in fields:
        return "virtualService"
    if "egressFilter" in fields:
        return "mesh"
    listeners = fields["listeners"].items if "listeners" in fields else ()
    own = {"outlierDetection", "timeout"}
    discovery = fields["serviceDiscovery"].fields if "serviceDiscovery" in fields else {}
    if (
        "backends" in fields
        or {"dns", "awsCloudMap"} & set(discovery)
        or any(own & set(one.fields) for one in listeners)
    ):
        return "virtualNode"
    return None


def _by_parent(fields: set[str]) -> str | None:
    return next((w for w in ("virtualRouter", "virtualGateway") if KINDS[w].name_key in fields), None)


def _by_file(file: str) -> str | None:
    stem = re.sub(r"[_.]", "-", Path(file).stem.lower())
    return next((word for word, pattern in _WORDS if re.search(pattern, stem)), None)
