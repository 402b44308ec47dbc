"""Every rule that the documents state, under a stable id in App Mesh's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.errors import Where

Path = tuple[str | int, ...]
Found = tuple[str, Any, Path]  # field, value, path inside the spec


@dataclass(frozen=True, slots=True)
class Declared:
    """One rule as written: `field` in App Mesh's words, `value` as the model has it."""

    id: str
    resource: Resource
    field: str
    value: Any
    where: Where


def clauses(resources: Resources) -> tuple[Declared, ...]:
    """Every rule of every resource, resource by resource."""
    return tuple(one for resource in resources for one in clauses_of(resource))


def clauses_of(resource: Resource) -> tuple[Declared, ...]:
    """Every rule of one resource, in the order of its fields. A name used twice gets `#2`, `#3`, …"""
    seen: dict[str, int] = {}
    declared = []
    for field, value, path in _READERS[resource.kind](resource.spec):
        seen[field] = seen.get(field, 0) + 1
        unique = field if seen[field] == 1 else f"{field}#{seen[field]}"
        declared.append(Declared(f"{resource.id}/{unique}", resource, unique, value, resource.place(*path)))
    return tuple(declared)


def _mesh(spec: Any) -> Iterator[Found]:
    if spec.egress_filter:
        yield "egressFilter", spec.egress_filter.type, ("egressFilter", "type")
    if spec.service_discovery:
        yield "serviceDiscovery", spec.service_discovery, ("serviceDiscovery",)


def _service(spec: Any) -> Iterator[Found]:
    if spec.provider:
        yield "provider", spec.provider, ("provider",)


def _router(spec: Any) -> Iterator[Found]:
    for index, listener in enumerate(spec.listeners or ()):
        yield f"listeners.{listener.port_mapping.port}", listener, ("listeners", index)


def _route(spec: Any) -> Iterator[Found]:
    kind = next(name for name, _ in spec.written() if name.endswith("Route"))
    if spec.priority is not None:
        yield "priority", spec.priority, ("priority",)
    body = spec.body
    if body.match:
        yield from _match(body.match, (kind, "match"))
    for name, value in body.action.written():
        yield f"action.{name}", value, (kind, "action", name)
    if getattr(body, "retry_policy", None):
        yield from _retry(body.retry_policy, (kind, "retryPolicy"))
    if getattr(body, "timeout", None):
        for name, value in body.timeout.written():
            yield f"timeout.{name}", value, (kind, "timeout", name)


def _match(match: Any, path: Path) -> Iterator[Found]:
    for name, value in match.written():
        if name in {"headers", "queryParameters", "metadata"}:
            for index, one in enumerate(value):
                yield f"match.{name}.{one.name}", one, (*path, name, index)
        else:
            yield f"match.{name}", value, (*path, name)


def _retry(policy: Any, path: Path) -> Iterator[Found]:
    for name, value in policy.written():
        if name.endswith("Events"):
            for index, event in enumerate(value):
                yield f"retryPolicy.{name}.{event}", event, (*path, name, index)
        else:
            yield f"retryPolicy.{name}", value, (*path, name)


def _node(spec: Any) -> Iterator[Found]:
    for index, listener in enumerate(spec.listeners or ()):
        yield from _listener(listener, ("listeners", index))
    for name in ("serviceDiscovery", "logging"):
        value = dict(spec.written()).get(name)
        if value is not None:
            yield name, value, (name,)
    for index, backend in enumerate(getattr(spec, "backends", None) or ()):
        service = backend.virtual_service
        path: Path = ("backends", index, "virtualService")
        yield (
            f"backends.{service.virtual_service_name}",
            service.virtual_service_name,
            (*path, "virtualServiceName"),
        )
        if service.client_policy:
            policy = (*path, "clientPolicy")
            yield from _policy(
                service.client_policy, f"backends.{service.virtual_service_name}.clientPolicy", policy
            )
    if spec.backend_defaults and spec.backend_defaults.client_policy:
        policy = ("backendDefaults", "clientPolicy")
        yield from _policy(spec.backend_defaults.client_policy, "backendDefaults.clientPolicy", policy)


def _policy(policy: Any, field: str, path: Path) -> Iterator[Found]:
    if policy.tls:
        yield f"{field}.tls", policy.tls, (*path, "tls")


def _listener(listener: Any, path: Path) -> Iterator[Found]:
    field = f"listeners.{listener.port_mapping.port}"
    written = dict(listener.written())
    for name in ("healthCheck", "outlierDetection", "tls"):
        if name in written:
            yield f"{field}.{name}", written[name], (*path, name)
    if "connectionPool" in written:
        kind, pool = written["connectionPool"].member
        yield f"{field}.connectionPool.{kind}", pool, (*path, "connectionPool", kind)
    if "timeout" in written:
        kind, timeout = written["timeout"].member
        for name, value in timeout.written():
            yield f"{field}.timeout.{kind}.{name}", value, (*path, "timeout", kind, name)


_READERS = {
    "mesh": _mesh,
    "virtualService": _service,
    "virtualNode": _node,
    "virtualRouter": _router,
    "route": _route,
    "virtualGateway": _node,
    "gatewayRoute": _route,
}
