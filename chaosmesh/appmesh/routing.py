"""Where a request goes by the words of the documents alone: no translation, no proxy.

The rules are App Mesh's own: the lowest priority number wins, a route without one comes last, all conditions of
a match must hold, and a request that nothing matches is answered with 404.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from chaosmesh.appmesh.clauses import clauses_of
from chaosmesh.appmesh.matching import Request, holds, matches, normalised
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.errors import UsageError, Where


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

    `route` is None where a node serves the service directly. `rule` and `where` name what decided. A request that
    came in at a gateway has met the gateway route `entry`; `request` is what the service sees of it. If no gateway
    route takes it, `service` is empty.
    """

    service: str
    status: int | None
    targets: tuple[Choice, ...]
    route: Resource | None
    rule: str | None
    where: Where | None
    entry: Resource | None = None
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Port:
    """A port on which a service is called."""

    number: int
    protocol: str


def choose(resources: Resources, service: str, request: Request) -> Decision:
    """The decision that the documents declare (UsageError for an unknown service).

    A request without a port goes to the first one that is no TCP port.
    """
    declared = resources.virtual_services.get(service)
    if declared is None:
        known = ", ".join(resources.virtual_services)
        raise UsageError(f"there is no virtual service {service}", hint=f"known: {known}")
    provider = declared.spec.provider
    if provider is None:
        return Decision(service, 503, (), None, None, declared.where, request=request)
    rule, where = f"{declared.id}/provider", declared.place("provider")
    nothing = Decision(service, 404, (), None, rule, where, request=request)
    ports = ports_of(resources, service)
    port = _port(ports, request.port)
    if ports and port is None:
        return nothing
    if provider.virtual_node:
        number = port.number if port and len(ports) > 1 else None
        only = Choice(provider.virtual_node.virtual_node_name, 1, 1.0, number)
        return replace(nothing, status=None, targets=(only,))
    asked = replace(request, port=port.number) if port else request
    for route in ranked(resources.routes_of(provider.virtual_router.virtual_router_name)):
        if _spoken(route, port) and matches(route, asked):
            rule, where = _decisive(route)
            return Decision(service, None, _split(route), route, rule, where, request=request)
    return nothing


def choose_entry(resources: Resources, gateway: str, request: Request) -> Decision:
    """The decision for a request that comes in at a gateway: its gateway route, what that makes of the request, and
    where the service then sends it (UsageError for an unknown gateway or a port that it does not listen on)."""
    declared = resources.virtual_gateways.get(gateway)
    if declared is None:
        known = ", ".join(resources.virtual_gateways)
        raise UsageError(f"there is no virtual gateway {gateway}", hint=f"known: {known}")
    ports = [one.port_mapping.port for one in declared.spec.listeners]
    port = ports[0] if request.port is None else request.port
    if port not in ports:
        listening = ", ".join(map(str, ports))
        raise UsageError(f"{gateway} does not listen on port {port}", hint=f"one of: {listening}")
    asked = replace(request, port=port)
    for route in ranked(resources.gateway_routes_of(gateway)):
        if matches(route, asked):
            inner = rewritten(route, asked)
            target = route.spec.body.action.target.virtual_service.virtual_service_name
            return replace(choose(resources, target, inner), entry=route)
    return Decision("", 404, (), None, declared.id, declared.where, request=asked)


def rewritten(route: Resource, request: Request) -> Request:
    """What a gateway route makes of a request that it takes.

    The matched prefix becomes `/` unless the author says otherwise, and the host the service's name; a whole path
    and the path of a gRPC call stay.
    """
    action, match = route.spec.body.action, route.spec.body.match
    rewrite = action.rewrite
    path, mark, query = request.path.partition("?")
    path = normalised(path)
    if not route.spec.grpc_route:
        if match.path is None:
            path = _prefix_replaced(match.prefix or "/", rewrite.prefix if rewrite else None, path)
        elif rewrite and rewrite.path and rewrite.path.exact:
            path = rewrite.path.exact
    keep = rewrite and rewrite.hostname and rewrite.hostname.default_target_hostname == "DISABLED"
    host = request.host if keep else action.target.virtual_service.virtual_service_name
    return replace(request, path=path + mark + query, host=host, port=action.target.port)


def _prefix_replaced(prefix: str, rewrite: object, path: str) -> str:
    if getattr(rewrite, "default_prefix", None) == "DISABLED" and not getattr(rewrite, "value", None):
        return path
    target = getattr(rewrite, "value", None) or "/"
    bare = prefix.rstrip("/")
    rest = path.removeprefix(bare)
    return f"{target.rstrip('/')}{rest}" if rest.startswith("/") else f"{target}{rest}"


def ports_of(resources: Resources, service: str) -> tuple[Port, ...]:
    """The ports on which a service is called: those of its provider; of a router without any, its nodes'."""
    provider = resources.virtual_services[service].spec.provider
    if provider is None:
        return ()
    if provider.virtual_node:
        return _listening(resources.virtual_nodes.get(provider.virtual_node.virtual_node_name))
    name = provider.virtual_router.virtual_router_name
    own = _listening(resources.virtual_routers.get(name))
    arms = (arm for route in ranked(resources.routes_of(name)) for arm in _split(route))
    behind = {one: None for arm in arms for one in _listening(resources.virtual_nodes.get(arm.node))}
    return own or tuple(behind)


def _listening(owner: Resource | None) -> tuple[Port, ...]:
    mappings = (one.port_mapping for one in (owner.spec.listeners if owner else None) or ())
    return tuple(Port(one.port, one.protocol) for one in mappings)


def _port(ports: tuple[Port, ...], number: int | None) -> Port | None:
    if number is None:
        return next((one for one in ports if one.protocol != "tcp"), ports[0] if ports else None)
    return next((one for one in ports if one.number == number), None)


def _spoken(route: Resource, port: Port | None) -> bool:
    """TCP routes take connections of TCP ports, all others requests."""
    return port is None or (port.protocol == "tcp") == bool(route.spec.tcp_route)


def ranked(routes: Iterable[Resource]) -> list[Resource]:
    """Routes, or gateway routes, in the order in which they are tried."""
    return sorted(routes, key=_rank)


def _rank(route: Resource) -> tuple[bool, int, int, int, int, int]:
    """Written priorities first, in order; then, and between equals, the more specific path and host (inferred)."""
    priority, match = route.spec.priority, route.spec.body.match
    path, host = getattr(match, "path", None), getattr(match, "hostname", None)
    exact = bool((path and path.exact) or getattr(match, "method_name", None))
    literal = (
        match.service_name or "" if hasattr(match, "service_name") else getattr(match, "prefix", None) or "/"
    )
    suffix = host.suffix or "" if host else ""
    return (
        priority is None,
        priority or 0,
        0 if exact else (1 if path else 2),
        -len(literal),
        2 if host is None else int(bool(suffix)),
        -len(suffix),
    )


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


__all__ = [
    "Choice",
    "Decision",
    "Port",
    "Request",
    "choose",
    "choose_entry",
    "holds",
    "ports_of",
    "ranked",
    "rewritten",
]
