"""Every field that can be written belongs to exactly one rule."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from chaosmesh.appmesh.clauses import Declared, clauses_of
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.spec import MODELS, OneOf, Spec
from chaosmesh.errors import Where

Steps = tuple[str | int, ...]
TEXTS = {"prefix": "/x"}


def bare(annotation: Any) -> Any:
    """The type inside `X | None` and annotations."""
    while typing.get_origin(annotation) in {typing.Annotated, typing.Union, types.UnionType}:
        parts = typing.get_args(annotation)
        annotation = next(one for one in parts if one is not type(None))
    return annotation


def documents(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Documents that together hold every field of a model: all of it at once, each member of a union in its turn."""
    varied: dict[str, list[Any]] = {}
    for name, info in model.model_fields.items():
        varied[info.alias or name] = list(values(info.alias or name, info.annotation))
    if issubclass(model, OneOf) or model.__name__ in {"RouteSpec", "GatewayRouteSpec"}:
        kept = {key: found for key, found in varied.items() if key == "priority"}
        for name, found in varied.items():
            yield from (
                {name: one, **{k: v[0] for k, v in kept.items()}} for one in found if name not in kept
            )
        return
    for turn in range(max(len(found) for found in varied.values())):
        yield {name: found[min(turn, len(found) - 1)] for name, found in varied.items()}


def values(name: str, annotation: Any) -> Iterator[Any]:
    kind = bare(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from documents(kind)
    elif typing.get_origin(kind) is tuple:
        yield from ([one] for one in values(name, typing.get_args(kind)[0]))
    elif typing.get_origin(kind) is typing.Literal:
        yield typing.get_args(kind)[0]
    else:
        yield {int: 5000 if name.endswith("Millis") else 2, bool: True, str: TEXTS.get(name, "x")}[kind]


def leaves(value: Any, path: Steps = ()) -> Iterator[Steps]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from leaves(element, (*path, index))
    else:
        yield path


def at(spec: Any, path: Steps) -> Any:
    for step in path:
        spec = spec[step] if isinstance(step, int) else dict(spec.written())[step]
    return spec


def placed(kind: str, document: dict[str, Any]) -> Resource:
    """A resource whose places are the paths themselves."""
    places = {path: Where("/".join(map(str, path))) for path in every(document)}
    return Resource(kind, "n", None, MODELS[kind].model_validate(document), Where("x"), places)


def every(value: Any, path: Steps = ()) -> Iterator[Steps]:
    yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, member in members:
        yield from every(member, (*path, step))


def holding(found: tuple[Declared, ...], leaf: Steps) -> list[Declared]:
    return [one for one in found if leaf[: len(one.path)] == one.path]


@pytest.mark.parametrize("kind", MODELS)
def test_every_field_belongs_to_one_rule(kind: str):
    seen: set[Steps] = set()
    for document in documents(MODELS[kind]):
        resource = placed(kind, document)
        found = clauses_of(resource)
        assert len({one.id for one in found}) == len(found)
        for one in found:
            assert one.path, one.id
            assert one.where.file == "/".join(map(str, one.path))
            assert one.value == at(resource.spec, one.path) or one.path[-1] == "listeners"
        for leaf in leaves(document):
            owners = holding(found, leaf)
            assert [one.id for one in owners] == [one.id for one in owners[:1]], leaf
            assert owners, f"{kind}: no rule holds {leaf}"
            seen.add(tuple("*" if isinstance(step, int) else step for step in leaf))
    assert seen == set(schema(MODELS[kind]))


def schema(model: type[BaseModel], path: Steps = ()) -> Iterator[Steps]:
    """Every field that can be written, by the types alone."""
    for name, info in model.model_fields.items():
        yield from _schema(bare(info.annotation), (*path, info.alias or name))


def _schema(kind: Any, path: Steps) -> Iterator[Steps]:
    if typing.get_origin(kind) is tuple:
        yield from _schema(bare(typing.get_args(kind)[0]), (*path, "*"))
    elif isinstance(kind, type) and issubclass(kind, Spec):
        yield from schema(kind, path)
    else:
        yield path


def test_the_rules_of_a_gateway_route_and_of_tls():
    """Ids that others build on."""
    match = {"prefix": "/a", "hostname": {"exact": "h"}, "headers": [{"name": "x"}], "port": 80}
    target = {"virtualService": {"virtualServiceName": "s"}, "port": 80}
    rewrite = {"prefix": {"value": "/b/"}, "hostname": {"defaultTargetHostname": "DISABLED"}}
    route = {"priority": 1, "httpRoute": {"match": match, "action": {"target": target, "rewrite": rewrite}}}
    assert [one.field for one in clauses_of(placed("gatewayRoute", route))] == [
        "priority",
        "match.prefix",
        "match.hostname",
        "match.headers.x",
        "match.port",
        "action.target",
        "action.rewrite.prefix",
        "action.rewrite.hostname",
    ]
    trust = {
        "trust": {"file": {"certificateChain": "c"}},
        "subjectAlternativeNames": {"match": {"exact": ["a"]}},
    }
    tls = {"mode": "STRICT", "certificate": {"acm": {"certificateArn": "a"}}, "validation": trust}
    client = {"clientPolicy": {"tls": {"enforce": False, "ports": [80], "validation": trust}}}
    spec = {
        "listeners": [{"portMapping": {"port": 80, "protocol": "http"}, "tls": tls}],
        "serviceDiscovery": {"awsCloudMap": {"namespaceName": "n", "serviceName": "s", "attributes": [{"key": "k", "value": "v"}]}},
        "backends": [{"virtualService": {"virtualServiceName": "s", **client}}],
        "backendDefaults": client,
        "logging": {"accessLog": {"file": {"path": "/p", "format": {"text": "t"}}}},
    }  # fmt: skip
    policy = [
        "clientPolicy.tls.validation.trust",
        "clientPolicy.tls.validation.subjectAlternativeNames",
        "clientPolicy.tls.enforce",
        "clientPolicy.tls.ports",
    ]
    assert [one.field for one in clauses_of(placed("virtualNode", spec))] == [
        "listeners.80",
        "listeners.80.tls.mode",
        "listeners.80.tls.certificate",
        "listeners.80.tls.validation.trust",
        "listeners.80.tls.validation.subjectAlternativeNames",
        "serviceDiscovery.awsCloudMap.namespaceName",
        "serviceDiscovery.awsCloudMap.serviceName",
        "serviceDiscovery.awsCloudMap.attributes.k",
        "backends.s",
        *(f"backends.s.{one}" for one in policy),
        *(f"backendDefaults.{one}" for one in policy),
        "logging.accessLog.file.path",
        "logging.accessLog.file.format",
    ]
