"""The rules inside the spec of each kind of resource: which parts of it are one rule, and what that is called.

Every written value belongs to exactly one rule. What only makes sense together is one rule: a health check, outlier
detection, a pool, a split, the format of a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
Found = tuple[str, Any, Path]
"""Name of the rule inside its resource, its value, its path inside the spec."""


def mesh(spec: Any) -> Iterator[Found]:
    """Egress filter and preferred addresses."""
    if spec.egress_filter:
        yield "egressFilter", spec.egress_filter.type, ("egressFilter", "type")
    yield from _members(spec.service_discovery, "serviceDiscovery", ("serviceDiscovery",))


def service(spec: Any) -> Iterator[Found]:
    """Who provides a virtual service."""
    if spec.provider:
        yield "provider", spec.provider, ("provider",)


def router(spec: Any) -> Iterator[Found]:
    """The listeners of a virtual router, by port."""
    for index, listener in enumerate(spec.listeners or ()):
        yield f"listeners.{listener.port_mapping.port}", listener, ("listeners", index)


def route(spec: Any) -> Iterator[Found]:
    """Priority, conditions, action, retries and timeouts of a route or a gateway route."""
    (kind,) = spec.kinds
    if spec.priority is not None:
        yield "priority", spec.priority, ("priority",)
    body = spec.body
    if body.match:
        yield from _match(body.match, (kind, "match"))
    for name, value in body.action.written():
        if name == "rewrite":
            yield from _members(value, "action.rewrite", (kind, "action", "rewrite"))
        else:
            yield f"action.{name}", value, (kind, "action", name)
    if getattr(body, "retry_policy", None):
        yield from _retry(body.retry_policy, (kind, "retryPolicy"))
    yield from _members(getattr(body, "timeout", None), "timeout", (kind, "timeout"))


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


def node(spec: Any) -> Iterator[Found]:
    """Listeners, discovery, backends, their defaults and logging of a node or a gateway."""
    for index, listener in enumerate(spec.listeners or ()):
        yield from _listener(listener, ("listeners", index))
    yield from _discovery(getattr(spec, "service_discovery", None))
    for index, backend in enumerate(getattr(spec, "backends", None) or ()):
        yield from _backend(backend.virtual_service, ("backends", index, "virtualService"))
    if spec.backend_defaults:
        yield from _policy(spec.backend_defaults.client_policy, "backendDefaults", ("backendDefaults",))
    yield from _logging(spec.logging)


def _listener(listener: Any, path: Path) -> Iterator[Found]:
    field = f"listeners.{listener.port_mapping.port}"
    for name, value in listener.written():
        here = (*path, name)
        if name == "portMapping":
            yield field, value, here
        elif name == "connectionPool":
            kind, pool = value.member
            yield f"{field}.{name}.{kind}", pool, (*here, kind)
        elif name == "timeout":
            kind, timeout = value.member
            yield from _members(timeout, f"{field}.{name}.{kind}", (*here, kind))
        elif name == "tls":
            yield from _tls(value, f"{field}.{name}", here)
        else:
            yield f"{field}.{name}", value, here


def _discovery(written: Any) -> Iterator[Found]:
    if written is None:
        return
    kind, found = written.member
    field, path = f"serviceDiscovery.{kind}", ("serviceDiscovery", kind)
    for name, value in found.written():
        if name == "attributes":
            for index, one in enumerate(value):
                yield f"{field}.{name}.{one.key}", one, (*path, name, index)
        else:
            yield f"{field}.{name}", value, (*path, name)


def _backend(written: Any, path: Path) -> Iterator[Found]:
    name = written.virtual_service_name
    yield f"backends.{name}", name, (*path, "virtualServiceName")
    yield from _policy(written.client_policy, f"backends.{name}", path)


def _policy(policy: Any, field: str, path: Path) -> Iterator[Found]:
    if policy and policy.tls:
        yield from _tls(policy.tls, f"{field}.clientPolicy.tls", (*path, "clientPolicy", "tls"))


def _tls(written: Any, field: str, path: Path) -> Iterator[Found]:
    """Mode, certificate and trust are rules of their own, and so are enforcement and ports of a client."""
    for name, value in written.written():
        if name == "validation":
            yield from _members(value, f"{field}.{name}", (*path, name))
        else:
            yield f"{field}.{name}", value, (*path, name)


def _logging(written: Any) -> Iterator[Found]:
    if written and written.access_log:
        (kind, file) = written.access_log.member
        yield from _members(file, f"logging.accessLog.{kind}", ("logging", "accessLog", kind))


def _members(written: Any, field: str, path: Path) -> Iterator[Found]:
    """Each written member of an object is one rule."""
    for name, value in written.written() if written else ():
        yield f"{field}.{name}", value, (*path, name)
