"""Routes, routers, nodes and their options must mean the same protocol and the same ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.lint.model import Finding, Rule, View, kind
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.spec.route import PROTOCOLS

DISAGREE = Rule(
    "protocol-mismatch",
    "error",
    "A route, its router's listener and its target's listener don't speak the same protocol",
    "use the route kind of the listeners, or give the listeners the protocol of the route",
)
MIXED_HTTP = Rule(
    "http-version-mismatch",
    "note",
    "A route of one HTTP version leads to a listener of the other",
    "write the same version on both sides: the target's listener decides what its sidecar is spoken to",
)
UNKNOWN_PORT = Rule(
    "unknown-port",
    "error",
    "A port is named on which nobody listens",
    "name a port of the listeners, or add the listener",
)
POOL_KIND = Rule(
    "pool-protocol",
    "error",
    "A connection pool is written for another protocol than its listener's",
    "rename the pool's member to the listener's protocol",
)
TIMEOUT_KIND = Rule(
    "timeout-protocol",
    "error",
    "A listener's timeout is written for another protocol than the listener's",
    "rename the timeout's member to the listener's protocol",
)
CHECK_KIND = Rule(
    "health-check-protocol",
    "warning",
    "A health check asks in another protocol than the one that its port speaks",
    "use the protocol of the listener, or tcp, which only connects",
)
SIDECAR_PORT = Rule(
    "sidecar-port",
    "error",
    "A listener wants a port that the sidecar itself needs",
    "take another port than 15000, 15001 and 9901",
)
RULES = (DISAGREE, MIXED_HTTP, UNKNOWN_PORT, POOL_KIND, TIMEOUT_KIND, CHECK_KIND, SIDECAR_PORT)

SIDECAR_PORTS = {15000: "ingress", 15001: "egress", 9901: "admin"}
"""Ports of App Mesh's Envoys (user guide)."""

_HTTP = {"http", "http2"}


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for route in view.resources.routes.values():
        yield from _route(view, route)
    for route in view.resources.gateway_routes.values():
        yield from _gateway_route(view, route)
    for node in (*view.resources.virtual_nodes.values(), *view.resources.virtual_gateways.values()):
        for index, one in enumerate(node.spec.listeners or ()):
            yield from _listener(node, index, one)


def _route(view: View, route: Resource) -> Iterator[Finding]:
    wanted = PROTOCOLS[kind(route)]
    router = view.resources.virtual_routers.get(route.parent or "")
    port = route.spec.body.match.port if route.spec.body.match else None
    if router is not None:
        path: tuple[str | int, ...] = (kind(route), "match", "port")
        yield from _against(route, wanted, router, port, path, "listener of its router")
    for arm in view.arms(route):
        if arm.node is not None and (arm.node.spec.listeners or arm.written.port is not None):
            path = (kind(route), "action", "weightedTargets", arm.index)
            yield from _against(
                route, wanted, arm.node, arm.written.port, path, f"listener of {arm.node.name}"
            )


def _gateway_route(view: View, route: Resource) -> Iterator[Finding]:
    wanted, body = PROTOCOLS[kind(route)], route.spec.body
    gateway = view.resources.virtual_gateways.get(route.parent or "")
    path: tuple[str | int, ...] = (kind(route), "match", "port")
    if gateway is not None:
        yield from _against(route, wanted, gateway, body.match.port, path, "listener of its gateway")
    target = body.action.target
    router = view.router(target.virtual_service.virtual_service_name)
    if router is not None and target.port is not None:
        path = (kind(route), "action", "target", "port")
        yield from _against(route, wanted, router, target.port, path, f"listener of {router.name}")


def _against(
    route: Resource, wanted: str, owner: Resource, port: int | None, path: tuple[str | int, ...], what: str
) -> Iterator[Finding]:
    """One route against the listeners of one owner: its port must be there, and speak the route's protocol."""
    mappings = [one.port_mapping for one in owner.spec.listeners or ()]
    if not mappings and port is None:
        return
    found = [one for one in mappings if port is None or one.port == port]
    if not found:
        known = ", ".join(str(one.port) for one in mappings) or "none"
        message = f"names port {port}, but {owner.name} listens on: {known}"
        yield Finding(UNKNOWN_PORT, route.place(*path), route.id, message)
        return
    if port is None and len(found) > 1:
        found = [one for one in found if one.protocol == wanted] or found
    spoken = found[0].protocol
    if spoken == wanted:
        return
    mild = {spoken, wanted} <= _HTTP
    message = f"is a {wanted} route, but the {what} on port {found[0].port} speaks {spoken}"
    yield Finding(MIXED_HTTP if mild else DISAGREE, route.place(*path), route.id, message)


def _listener(node: Resource, index: int, one: Any) -> Iterator[Finding]:
    spoken, port = one.port_mapping.protocol, one.port_mapping.port
    if port in SIDECAR_PORTS:
        message = f"listens on port {port}, the {SIDECAR_PORTS[port]} port of its sidecar"
        yield Finding(SIDECAR_PORT, node.place("listeners", index, "portMapping", "port"), node.id, message)
    for field, rule, member in (
        ("connectionPool", POOL_KIND, one.connection_pool),
        ("timeout", TIMEOUT_KIND, getattr(one, "timeout", None)),
    ):
        if member is not None and member.member[0] != spoken:
            name = member.member[0]
            message = f"has a {field} for {name} on port {port}, which speaks {spoken}"
            yield Finding(rule, node.place("listeners", index, field, name), node.id, message)
    if one.health_check is not None:
        yield from _health_check(node, index, one.health_check, spoken, port)


def _health_check(node: Resource, index: int, asked: Any, spoken: str, port: int) -> Iterator[Finding]:
    place = node.place("listeners", index, "healthCheck")
    ports = {one.port_mapping.port: one.port_mapping.protocol for one in node.spec.listeners}
    if asked.port is not None and asked.port not in ports:
        known = ", ".join(map(str, ports))
        message = f"checks health on port {asked.port}, but listens on: {known}"
        yield Finding(UNKNOWN_PORT, node.place("listeners", index, "healthCheck", "port"), node.id, message)
        return
    other = ports.get(asked.port or port, spoken)
    if asked.protocol not in {"tcp", other}:
        message = f"checks port {asked.port or port} by {asked.protocol}, which speaks {other}"
        yield Finding(CHECK_KIND, place, node.id, message)
