"""Gateway routes: a user's request at the door is taken by the right rule, and what arrives behind it is what the rule makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.appmesh.routing import Decision, Request, choose_entry
from chaosmesh.appmesh.spec.route import PROTOCOLS
from chaosmesh.checks.model import Basis, Check, Outcome, Probe, Seen, Shape, Skipped, every_request
from chaosmesh.checks.shapes import example, misses
from chaosmesh.ledger import Request as Sent
from chaosmesh.load.plan import Protocol

COUNT = 5
CARRIED: Mapping[Protocol, tuple[str, ...]] = {
    "http": ("http", "http2", "grpc"),
    "http2": ("http2", "grpc"),
    "grpc": ("http2", "grpc"),
}
"""Listeners of a gateway that take what is sent to a kind of route."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of a user at a port of a gateway, and what the documents say becomes of it."""

    port: int
    shape: Shape
    decision: Decision

    @property
    def route(self) -> str:
        """Name of the gateway route that takes it, "" for none."""
        return self.decision.entry.name if self.decision.entry else ""

    def probe(self, gateway: str) -> Probe:
        """It as a probe."""
        return Probe(gateway, self.decision.service, self.shape, COUNT, port=self.port, place="door")


def checks(resources: Resources, gateway: Resource) -> Iterator[Check | Skipped]:
    """Every rule of every route of a gateway, and its listeners."""
    routes = resources.gateway_routes_of(gateway.name)
    entered = entries(resources, gateway)
    for route in routes:
        (kind,) = route.spec.kinds
        ask = _met(resources, gateway, route, PROTOCOLS[kind])
        if isinstance(ask, str):
            yield from (Skipped(f"{route.id}/{field}", ask) for field in _fields(route))
            continue
        yield from _route(resources, gateway, route, PROTOCOLS[kind], ask)
    for listener in gateway.spec.listeners:
        yield _listener(gateway, listener.port_mapping.port, entered)


def entries(resources: Resources, gateway: Resource) -> dict[int, Ask]:
    """By port of a gateway one request that is taken there."""
    found: dict[int, Ask] = {}
    for route in resources.gateway_routes_of(gateway.name):
        (kind,) = route.spec.kinds
        for listener in gateway.spec.listeners:
            ask = _met(resources, gateway, route, PROTOCOLS[kind], listener.port_mapping.port)
            if not isinstance(ask, str):
                found.setdefault(ask.port, ask)
    return found


def blocked(gateway: Resource, port: int) -> str | None:
    """Why users can't be played at a port of a gateway."""
    listener = next(one for one in gateway.spec.listeners if one.port_mapping.port == port)
    if listener.tls and listener.tls.mode != "DISABLED" and listener.tls.validation:
        return "users need a certificate of their own there, which nobody here has"
    return None


def _met(
    resources: Resources, gateway: Resource, route: Resource, protocol: Protocol, at: int | None = None
) -> Ask | str:
    """A request that a route takes, at a port or at any."""
    match = route.spec.body.match
    shape = example(match, protocol)
    if shape is None:
        return "no example request could be made up for it"
    if protocol != "grpc" and match.prefix is not None:
        path, mark, query = shape.path.partition("?")
        shape = replace(shape, path=f"{path.rstrip('/')}/seen{mark}{query}")
    reason = f"the gateway has no listener that takes {protocol}"
    for port in _ports(gateway, match.port, protocol):
        if at not in (None, port):
            continue
        if (why := blocked(gateway, port)) is not None:
            return why
        ask = _asked(resources, gateway, port, shape)
        if ask.route == route.name:
            return ask
        reason = f"gateway route {ask.route} takes the example request before it" if ask.route else reason
    return reason


def _ports(gateway: Resource, wanted: int | None, protocol: Protocol) -> Iterator[int]:
    for one in gateway.spec.listeners:
        if wanted in (None, one.port_mapping.port) and one.port_mapping.protocol in CARRIED[protocol]:
            yield one.port_mapping.port


def _asked(resources: Resources, gateway: Resource, port: int, shape: Shape) -> Ask:
    host = shape.host or gateway.name
    request = Request(shape.path, shape.method, dict(shape.headers), port=port, host=host)
    return Ask(port, replace(shape, host=host), choose_entry(resources, gateway.name, request))


def _fields(route: Resource) -> Iterator[str]:
    if route.spec.priority is not None:
        yield "priority"
    for name, value in route.spec.body.match.written():
        if name in {"headers", "queryParameters", "metadata"}:
            yield from (f"match.{name}.{one.name}" for one in value)
        else:
            yield f"match.{name}"
    for name, value in route.spec.body.action.written():
        yield from (
            (f"action.rewrite.{one}" for one, _ in value.written())
            if name == "rewrite"
            else (f"action.{name}",)
        )


def _route(
    resources: Resources, gateway: Resource, route: Resource, protocol: Protocol, met: Ask
) -> Iterator[Check | Skipped]:
    missing = {one.field: one for one in misses(route.spec.body.match, protocol)}
    for field in _fields(route):
        name = f"{route.id}/{field}"
        if field == "priority":
            yield _priority(resources, gateway, route, name)
        elif field.startswith("action."):
            yield _action(gateway, route, name, met)
        else:
            others, how = [], ""
            if (miss := missing.get(field)) is not None:
                others, how = [_asked(resources, gateway, met.port, miss.shape)], miss.how
            elif field == "match.port":
                ports = [
                    p for p in _ports(gateway, None, protocol) if p != met.port and not blocked(gateway, p)
                ]
                others = [_asked(resources, gateway, port, met.shape) for port in ports]
                how = f"port {', '.join(map(str, ports))}"
            words = "".join(f"; {how}: {'by ' + one.route if one.route else 'none'}" for one in others[:1])
            statement = f"{field.removeprefix('match.')} of {route.name} (met: by this route{words})"
            yield _check(gateway, route, name, statement, [met, *others], basis=_basis(field))


def _basis(field: str) -> Basis:
    return "observed" if field == "match.prefix" else "inferred"


def _check(
    gateway: Resource,
    route: Resource,
    name: str,
    statement: str,
    asks: Sequence[Ask],
    *,
    basis: Basis,
    through: bool = False,
) -> Check:
    return Check(
        name,
        route,
        statement,
        basis,
        tuple(one.probe(gateway.name) for one in asks),
        lambda seen: judge(seen, asks, through=through),
    )


def _priority(resources: Resources, gateway: Resource, route: Resource, name: str) -> Check | Skipped:
    """A rival that would take the same request, were it alone."""
    for rival in resources.gateway_routes_of(gateway.name):
        if rival is route:
            continue
        for one, other in ((route, rival), (rival, route)):
            (kind,) = one.spec.kinds
            shape = example(one.spec.body.match, PROTOCOLS[kind])
            for port in _ports(gateway, one.spec.body.match.port, PROTOCOLS[kind]) if shape else ():
                alone = replace(resources, gateway_routes={(gateway.name, other.name): other})
                if (
                    shape
                    and not blocked(gateway, port)
                    and _asked(alone, gateway, port, shape).route == other.name
                ):
                    ask = _asked(resources, gateway, port, shape)
                    words = f"{shape.path} matches {route.name} and {rival.name}: {ask.route} takes it"
                    return _check(gateway, route, name, words, [ask], basis="documented")
    return Skipped(name, "no other gateway route matches the same requests: the number decides nothing")


def _action(gateway: Resource, route: Resource, name: str, met: Ask) -> Check:
    inner = met.decision.request
    path, host = (inner.path, inner.host) if inner else ("", "")
    statement = f"{met.shape.path} goes to {met.decision.service} as {path}, host {host}"
    return _check(gateway, route, name, f"{route.name}: {statement}", [met], basis="observed", through=True)


def _listener(gateway: Resource, port: int, entered: Mapping[int, Ask]) -> Check | Skipped:
    name = f"{gateway.id}/listeners.{port}"
    if (why := blocked(gateway, port)) is not None:
        return Skipped(name, why)
    if port not in entered:
        return Skipped(name, "no gateway route takes what comes in there")
    statement = f"{gateway.name} takes requests on port {port}"
    return _check(gateway, gateway, name, statement, [entered[port]], basis="documented")


def judge(seen: Sequence[Seen], asks: Sequence[Ask], *, through: bool = False) -> Outcome:
    """The rule that took each request; `through`: also the service, path and host that it came to."""
    by_id = {one.request_id: ask for part, ask in zip(seen, asks, strict=True) for one in part.requests}

    def right(one: Sent) -> str:
        ask = by_id[one.request_id]
        if one.entry_route != ask.route:
            return f"taken by {one.entry_route or f'none ({one.status})'}, not {ask.route or 'none'}"
        return _behind(one, ask) if through else ""

    expected: dict[str, Any] = {"gateway_routes": [ask.route for ask in asks]}
    if through and (inner := asks[0].decision.request) is not None:
        expected |= {"service": asks[0].decision.service, "path": inner.path, "host": inner.host}
    return every_request(seen, right, expected=expected, observed=_observed)


def _behind(one: Sent, ask: Ask) -> str:
    inner = ask.decision.request
    if inner is None or not one.calls:
        return f"no call left the gateway (status {one.status})"
    call = one.calls[0]
    if call.service != ask.decision.service:
        return f"went to {call.service}, not {ask.decision.service}"
    if call.path != inner.path:
        return f"went on as {call.path}, not {inner.path}"
    host = call.host.partition(":")[0]
    return "" if host == inner.host else f"went on with host {host}, not {inner.host}"


def _observed(requests: Sequence[Sent]) -> Mapping[str, Any]:
    routes = Counter(one.entry_route or f"none ({one.status})" for one in requests)
    calls = [one.calls[0] for one in requests if one.calls]
    came = Counter(f"{call.service} {call.path} ({call.host})" for call in calls)
    return {"gateway_routes": dict(routes), "behind": dict(came)}
