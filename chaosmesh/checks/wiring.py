"""Who can be reached where: providers, listeners, backends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.appmesh.routing import ports_of
from chaosmesh.checks.declared import Rule, callers_of
from chaosmesh.checks.match import routes_taken
from chaosmesh.checks.model import (
    Check,
    Outcome,
    Probe,
    Seen,
    Shape,
    Skipped,
    answer_text,
    every,
    every_request,
)
from chaosmesh.checks.quiet import nodes_behind
from chaosmesh.checks.reach import Way, reachable
from chaosmesh.ledger import Call, Request

COUNT = 5
SURE = 14.0
"""Requests at an arm of a split, by its share, so that it gets none with a chance of less than one in a million."""


class Ways:
    """Ways to services and nodes, found once."""

    def __init__(self, resources: Resources, rules: Sequence[Rule]) -> None:
        self.resources = resources
        self.callers = callers_of(resources)
        self._found = [
            (rule, way) for rule in rules if not isinstance(way := reachable(resources, rule), str)
        ]

    def to_service(self, service: str, client: str | None = None) -> tuple[Way, Rule | None] | None:
        """A way to a service (of one client), and the route that it takes; None where a node serves it itself."""
        for rule, way in self._found:
            if service in rule.services and (client or way.client, service) in rule.callers:
                return Way(client or way.client, service, way.shape, way.port), rule
        return self._direct(service, client)

    def of_client(self, service: str, client: str) -> Iterator[tuple[Way, tuple[str, ...]]]:
        """Every way of one client to a service, with the nodes that its calls may go to."""
        for rule, way in self._found:
            if (client, service) in rule.callers:
                yield Way(client, service, way.shape, way.port), rule.nodes
        direct = self._direct(service, client)
        if direct and client in self.callers.get(service, ()):
            yield direct[0], nodes_behind(self.resources, service)

    def to_port(self, service: str, port: int) -> tuple[Way, Rule] | None:
        """A way to a service that leads over one of its ports."""
        for rule, way in self._found:
            if (way.service, way.port) == (service, port):
                return way, rule
        return None

    def to_node(self, node: str) -> Iterator[tuple[Way, float, int | None]]:
        """Ways to a node, each with the share of its calls that goes there, and the port that is written."""
        for rule, way in self._found:
            total = sum(one.weight for one in rule.targets)
            for one in rule.targets:
                if one.virtual_node == node and one.weight:
                    yield way, one.weight / total, one.port
        for service in self.callers:
            provider = self._provider(service)
            if provider == node and (direct := self._direct(service, None)):
                yield direct[0], 1.0, None

    def whole(self, node: str, port: int, *, first: bool) -> Way | str:
        """A way on which every call goes to a node's port (`first`: the one that is meant where none is written)."""
        found = list(self.to_node(node))
        for way, share, wanted in found:
            if share == 1.0 and (wanted == port or (wanted is None and first)):
                return way
        return "no route leads to it alone" if found else "nobody calls it"

    def _provider(self, service: str) -> str | None:
        declared = self.resources.virtual_services.get(service)
        provider: Any = declared.spec.provider if declared else None
        return provider.virtual_node.virtual_node_name if provider and provider.virtual_node else None

    def _direct(self, service: str, client: str | None) -> tuple[Way, None] | None:
        clients, ports = self.callers.get(service, []), ports_of(self.resources, service)
        if self._provider(service) is None or not clients or not ports:
            return None
        port = ports[0]
        protocol: Any = port.protocol
        path = "/chaosmesh.Example/Call" if protocol == "grpc" else "/"
        method = "POST" if protocol == "grpc" else "GET"
        return Way(client or clients[0], service, Shape(path, method, protocol=protocol), port.number), None


def service_checks(ways: Ways, service: Resource) -> Iterator[Check | Skipped]:
    """A service's provider gets its calls."""
    provider = service.spec.provider
    if provider is None:
        return
    name = f"{service.id}/provider"
    found = ways.to_service(service.name)
    if found is None:
        yield Skipped(name, "no request could be made up that somebody sends there and a route takes")
        return
    way, rule = found
    nodes = nodes_behind(ways.resources, service.name)
    words = f"the routes of {rule.route.parent}" if rule else nodes[0]
    routes = (
        frozenset(one.name for one in ways.resources.routes_of(rule.route.parent or "")) if rule else None
    )
    yield Check(
        name,
        service,
        f"calls to {service.name} go to {words}",
        "documented",
        (way.probe(COUNT),),
        lambda seen: _reached(seen, frozenset(nodes), routes),
    )


def router_checks(ways: Ways, router: Resource) -> Iterator[Check | Skipped]:
    """A router's listeners take calls."""
    services = [
        name
        for name, one in ways.resources.virtual_services.items()
        if one.spec.provider
        and one.spec.provider.virtual_router
        and one.spec.provider.virtual_router.virtual_router_name == router.name
    ]
    for listener in router.spec.listeners or ():
        port = listener.port_mapping.port
        name = f"{router.id}/listeners.{port}"
        found = next((one for service in services if (one := ways.to_port(service, port))), None)
        if found is None:
            yield Skipped(name, "no route takes a request that somebody sends there")
            continue
        way, rule = found
        nodes = frozenset(nodes_behind(ways.resources, way.service))
        yield Check(
            name,
            router,
            f"{way.service} is called on port {port} ({listener.port_mapping.protocol})",
            "documented",
            (way.probe(COUNT),),
            lambda seen, nodes=nodes, route=rule.route.name: _reached(seen, nodes, frozenset({route})),  # type: ignore[misc]
        )


def node_checks(ways: Ways, node: Resource) -> Iterator[Check | Skipped]:
    """A node's listeners take what routes send there, and its backends answer."""
    listeners = node.spec.listeners or ()
    for index, listener in enumerate(listeners):
        yield _listener(ways, node, listener, first=index == 0)
    for backend in node.spec.backends or ():
        service = backend.virtual_service.virtual_service_name
        name = f"{node.id}/backends.{service}"
        found = ways.to_service(service, node.name)
        if found is None:
            yield Skipped(name, "no request could be made up that one of its routes takes")
            continue
        nodes = frozenset(nodes_behind(ways.resources, service))
        yield Check(
            name,
            node,
            f"{node.name} reaches {service}",
            "documented",
            (found[0].probe(COUNT),),
            lambda seen, nodes=nodes: _reached(seen, nodes, None),  # type: ignore[misc]
        )


def _listener(ways: Ways, node: Resource, listener: Any, *, first: bool) -> Check | Skipped:
    port = listener.port_mapping.port
    name = f"{node.id}/listeners.{port}"
    found = [
        (share, way)
        for way, share, wanted in ways.to_node(node.name)
        if wanted == port or (wanted is None and first)
    ]
    if found:
        share, way = max(found, key=lambda one: one[0])
        count = COUNT if share == 1 else math.ceil(SURE / share)
        return Check(
            name,
            node,
            f"{node.name} is called on port {port} ({listener.port_mapping.protocol})",
            "documented",
            (way.probe(count, rate=20.0 if share == 1 else 200.0),),
            lambda seen: _on_port(seen, node.name, port),
        )
    if listener.tls and listener.tls.mode != "DISABLED" and listener.tls.validation:
        return Skipped(name, "nobody calls it, and users need a certificate of their own there")
    if any(True for _ in ways.to_node(node.name)):
        return Skipped(name, "no route leads to this port")
    shape = plain_request(listener.port_mapping.protocol)
    return Check(
        name,
        node,
        f"{node.name} takes requests on port {port} ({listener.port_mapping.protocol})",
        "documented",
        (Probe(node.name, "", shape, COUNT, port=port, place="sidecar"),),
        _entered,
    )


def plain_request(protocol: Any) -> Shape:
    """Something that a listener of this protocol understands."""
    return (
        Shape("/chaosmesh.Example/Call", "POST", protocol="grpc")
        if protocol == "grpc"
        else Shape(protocol=protocol)
    )


def _reached(seen: Sequence[Seen], nodes: frozenset[str], routes: frozenset[str] | None) -> Outcome:
    def right(call: Call) -> str:
        if not call.attempts:
            return f"reached nobody ({answer_text(call)})"
        if (server := call.attempts[0].server) not in nodes:
            return f"went to {server or 'nobody'}, not {' or '.join(sorted(nodes))}"
        if routes is not None and call.route not in routes:
            return f"went by {call.route or 'no route'}, not {' or '.join(sorted(routes))}"
        return ""

    return every(seen, right, expected={"nodes": sorted(nodes)}, observed=_servers)


def _servers(calls: Sequence[Call]) -> Mapping[str, Any]:
    servers = Counter(one.attempts[0].server if one.attempts else f"none ({one.status})" for one in calls)
    return {"nodes": dict(servers), **routes_taken(calls)}


def _on_port(seen: Sequence[Seen], node: str, port: int) -> Outcome:
    """Calls of other arms say nothing; one of the node's own must come, and all of them on this port."""
    ports = Counter(
        one.upstream.rpartition(":")[2]
        for part in seen
        for call in part.calls
        for one in call.attempts
        if one.server == node
    )
    expected, observed, n = {"port": port}, {"ports": dict(ports)}, sum(len(part.calls) for part in seen)
    if not n:
        return every(seen, lambda _: "", expected=expected, observed=routes_taken)
    wrong = sorted(set(ports) - {str(port)})
    if not ports or wrong:
        reason = f"called on port {wrong[0]}" if wrong else f"none of {n} calls came to it"
        return every(seen, lambda _: reason, expected=expected, observed=lambda _: observed)
    return every(seen, lambda _: "", expected=expected, observed=lambda _: observed)


def statuses(requests: Sequence[Request]) -> Mapping[str, Any]:
    """How often each status, or each error where no answer came."""
    return {"status": dict(Counter(str(one.status or one.error) for one in requests))}


def _entered(seen: Sequence[Seen]) -> Outcome:
    return every_request(
        seen,
        lambda one: "" if one.status else f"no answer: {one.error}",
        expected={"answered": True},
        observed=statuses,
    )
