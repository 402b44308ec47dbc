"""Where a request goes by the words of the documents alone: no translation, no proxy.

The rules are App Mesh's own: the lowest priority number wins, a route without one comes last, all conditions of
a match must hold, and a request that nothing matches is answered with 404.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chaosmesh.appmesh.clauses import clauses_of
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.errors import UsageError, Where


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a client sends it. `path` may carry a query; header names in any case; `port` the service's."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One virtual node that the request may go to, with its share by weight (0–1)."""

    node: str
    weight: int
    share: float
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a request to a service goes. `status` 404: no route matches; 503: the service has no provider.

    `route` is None where a node serves the service directly. `rule` and `where` name what decided.
    """

    service: str
    status: int | None
    targets: tuple[Choice, ...]
    route: Resource | None
    rule: str | None
    where: Where | None


def choose(resources: Resources, service: str, request: Request) -> Decision:
    """The decision that the documents declare (UsageError for an unknown service)."""
    declared = resources.virtual_services.get(service)
    if declared is None:
        known = ", ".join(resources.virtual_services)
        raise UsageError(f"there is no virtual service {service}", hint=f"known: {known}")
    provider = declared.spec.provider
    if provider is None:
        return Decision(service, 503, (), None, None, declared.where)
    rule, where = f"{declared.id}/provider", declared.place("provider")
    if provider.virtual_node:
        return Decision(
            service, None, (Choice(provider.virtual_node.virtual_node_name, 1, 1.0),), None, rule, where
        )
    routes = resources.routes_of(provider.virtual_router.virtual_router_name)
    for route in sorted(routes, key=_rank):
        if _matches(route, request):
            return Decision(service, None, _split(route), route, *_decisive(route))
    return Decision(service, 404, (), None, rule, where)


def _rank(route: Resource) -> tuple[bool, int, int, int]:
    """Written priorities first, in order; then, and between equals, the more specific path (inferred)."""
    priority, match = route.spec.priority, route.spec.body.match
    path = getattr(match, "path", None)
    exact = bool((path and path.exact) or getattr(match, "method_name", None))
    literal = getattr(match, "prefix", None) or getattr(match, "service_name", None) or ""
    return priority is None, priority or 0, 0 if exact else (1 if path else 2), -len(literal)


def _decisive(route: Resource) -> tuple[str, Where]:
    """The rule that the request met first: a condition of the match if there is one, else the route itself."""
    for one in clauses_of(route):
        if one.field.startswith("match."):
            return one.id, one.where
    return route.id, route.where


def _split(route: Resource) -> tuple[Choice, ...]:
    targets = route.spec.body.action.weighted_targets
    total = sum(one.weight for one in targets)
    return tuple(
        Choice(one.virtual_node, one.weight, one.weight / total if total else 0.0, one.port)
        for one in targets
    )


def _matches(route: Resource, request: Request) -> bool:
    match = route.spec.body.match
    if match is None:
        return True
    url = urlsplit(request.path)
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers |= {":method": request.method, ":scheme": request.scheme, ":path": request.path}
    if match.port is not None and request.port is not None and match.port != request.port:
        return False
    if route.spec.grpc_route:
        return _rpc(match, url.path) and _all(match.metadata, headers)
    if route.spec.tcp_route:
        return True
    return (
        _path(match, url.path)
        and (match.method is None or match.method == request.method)
        and (match.scheme is None or match.scheme == request.scheme)
        and _all(match.headers, headers)
        and _query(match.query_parameters, dict(parse_qsl(url.query, keep_blank_values=True)))
    )


def _path(match: Any, path: str) -> bool:
    if match.prefix is not None and not path.startswith(match.prefix):
        return False
    if match.path is None:
        return True
    if match.path.exact is not None:
        return bool(path == match.path.exact)
    return re.fullmatch(match.path.regex, path) is not None


def _rpc(match: Any, path: str) -> bool:
    service, _, method = path.removeprefix("/").partition("/")
    return match.service_name in {None, service} and match.method_name in {None, method}


def _all(conditions: Iterable[Any] | None, values: Mapping[str, str]) -> bool:
    return all(_holds(one, values.get(one.name.lower())) for one in conditions or ())


def _holds(condition: Any, value: str | None) -> bool:
    """A header that is not there fulfils no match; inverted, the answer is turned around."""
    held = value is not None and (condition.match is None or _value(condition.match, value))
    return held != bool(condition.invert)


def _value(match: Any, value: str) -> bool:
    kind, wanted = match.member
    if kind == "range":
        number = re.fullmatch(r"[+-]?\d+", value)
        return number is not None and wanted.start <= int(value) < wanted.end
    if kind == "regex":
        return re.fullmatch(wanted, value) is not None
    if kind == "prefix":
        return value.startswith(wanted)
    return value.endswith(wanted) if kind == "suffix" else value == wanted


def _query(conditions: Iterable[Any] | None, values: Mapping[str, str]) -> bool:
    for one in conditions or ():
        exact = one.match.exact if one.match else None
        if one.name not in values or (exact is not None and values[one.name] != exact):
            return False
    return True
