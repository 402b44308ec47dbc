"""The service's API model as botocore ships it: samples that fit it, values that break it, answers held against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape

MODEL: ServiceModel = botocore.session.get_session().get_service_model("appmesh", "2019-01-25")

Path = tuple[str | int, ...]

NAME = "one"  # every name in a sample, so that all references lead somewhere
PLAIN = {"prefix": "/", "clientToken": "token", "nextToken": "", "resourceArn": ""}
EVENTS = {"HttpRetryPolicyEvent": "server-error"}  # free text in the model, four words in its documentation
ONE_KIND = {"RouteSpec": "httpRoute", "GatewayRouteSpec": "httpRoute"}
"""The model marks no union there; only one kind of route makes sense, and every document has one."""
ALONE = {*ONE_KIND, "HttpPathMatch", "GatewayRouteHostnameMatch"}


def union(shape: Shape) -> bool:
    """Whether exactly one member is written."""
    return bool(getattr(shape, "is_tagged_union", False)) or shape.name in ALONE


def sample(shape: Shape, forced: Path = (), name: str = "") -> Any:
    """The smallest value that fits a shape and holds what is at `forced`."""
    if shape.type_name == "structure":
        return _structure(shape, forced)
    if shape.type_name == "list":
        inner = sample(shape.member, forced[1:])
        return [inner] if forced or shape.metadata.get("min") else []
    if shape.type_name == "string":
        if shape.enum:
            return shape.enum[0]
        return EVENTS.get(shape.name) or PLAIN.get(name) or NAME.ljust(shape.metadata.get("min", 0), "x")
    if shape.type_name == "boolean":
        return True
    return max(shape.metadata.get("min", 1), 1)


def _structure(shape: Shape, forced: Path) -> dict[str, Any]:
    members = set(shape.required_members)
    if forced:
        members.add(str(forced[0]))
    elif union(shape):
        members.add(ONE_KIND.get(shape.name) or next(iter(shape.members)))
    if shape.name in ONE_KIND and not any(one.endswith("Route") for one in members):
        members.add(ONE_KIND[shape.name])
    value = {
        one: sample(shape.members[one], forced[1:] if forced[:1] == (one,) else (), one)
        for one in sorted(members)
    }
    return _fitting(shape.name, value)


def _fitting(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """What the documentation asks for across fields."""
    if name in {"Listener", "VirtualGatewayListener"}:
        for part in ("connectionPool", "timeout"):
            if part in value:
                value["portMapping"]["protocol"] = next(iter(value[part]))
    if name == "VirtualNodeSpec" and value.get("listeners"):
        value.setdefault("serviceDiscovery", {"dns": {"hostname": NAME}})
    if name == "GrpcRouteMatch" and "methodName" in value:
        value.setdefault("serviceName", NAME)
    return value


def places(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    """Every place inside a shape, with what stands there."""
    yield path, shape
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from places(member, (*path, name))
    if shape.type_name == "list":
        yield from places(shape.member, (*path, 0))


def broken(shape: Shape, good: Any) -> Iterator[tuple[str, Any]]:
    """Values that break one rule of a shape each, with the rule's name. `good` fits."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    kind = shape.type_name
    yield "type", {"structure": "text", "list": {}, "string": 7, "boolean": "true"}.get(kind, "7")
    if kind in {"integer", "long"}:
        yield "true is no number", True
        yield "fraction", 1.5
        yield from (("min", low - 1),) if low is not None else ()
        yield from (("max", high + 1),) if high is not None else ()
    if kind == "string":
        if shape.enum:
            yield "enum", "nonsense"
        if low:
            yield "min", good[: low - 1]
        if high is not None:
            yield "max", (good * (high + 1))[: high + 1]
        if shape.metadata.get("pattern"):
            yield "pattern", "\u0001"
    if kind == "list":
        if low:
            yield "min", []
        if high is not None:
            yield "max", [sample(shape.member)] * (high + 1)
        yield "member", [None]
    if kind == "structure":
        yield "unknown", {**good, "unknownField": 1}
        for one in shape.required_members:
            yield f"required {one}", {key: value for key, value in good.items() if key != one}
        if union(shape):
            spare = {one: sample(member) for one, member in shape.members.items() if one != "priority"}
            if len(spare) > 1:
                yield "two members", {**spare, **good}
            yield "no member", {}


def put(value: Any, path: Path, new: Any) -> Any:
    """The value with something else at a path."""
    if not path:
        return new
    if isinstance(value, list):
        return [put(value[0], path[1:], new), *value[1:]]
    return {**value, path[0]: put(value[path[0]], path[1:], new)}


def at(value: Any, path: Path) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


_TYPES = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": int | float}


def misfits(shape: Shape, value: Any, where: str = "") -> list[str]:
    """What in an answer's JSON is not as its shape says: members, types, enums, ranges."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        found = [f"{where}.{one} is missing" for one in shape.required_members if one not in value]
        found += [f"{where}.{one} is unknown" for one in value if one not in shape.members]
        for name, inner in value.items():
            if name in shape.members:
                found += misfits(shape.members[name], inner, f"{where}.{name}")
        return found
    if shape.type_name == "list":
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [one for n, inner in enumerate(value) for one in misfits(shape.member, inner, f"{where}[{n}]")]
    if not isinstance(value, _TYPES[shape.type_name]) or (shape.type_name != "boolean" and value is True):
        return [f"{where} is {value!r}, no {shape.type_name}"]
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        return [f"{where} is {value!r}"]
    size = len(value) if isinstance(value, str) else value
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    bad = (low is not None and size < low) or (high is not None and size > high)
    return [f"{where} is {value!r}, out of range"] if bad else []


def answer_shape(operation: str) -> Shape:
    """The shape of an operation's body: the payload where there is one."""
    shape = MODEL.operation_model(operation).output_shape
    payload = shape.serialization.get("payload")
    return shape.members[payload] if payload else shape
