"""Fallbacks of the scenario: which routes have one, and which node it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaosmesh.appmesh.clauses import Declared
from chaosmesh.appmesh.naming import nodes_named, service_named, unknown
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents import Problems
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where
from chaosmesh.mesh import Fallback, Target

Key = tuple[str, int | None]
"""Id of a translated route, and its port where a node with several listeners provides the service itself."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A route, or the way to a node that provides a service itself: what a fallback can be added to."""

    key: Key
    owner: Resource
    arms: tuple[tuple[str, int | None], ...]

    @property
    def clause(self) -> str:
        return f"{self.owner.id}/fallback"


def fallbacks(resources: Resources, scenario: Scenario, problems: Problems) -> dict[Key, Declared]:
    """The rule of each route that has a fallback.

    A fallback of a single route goes before one of its service; two of the same kind are a problem.
    """
    by_service: dict[Key, Declared] = {}
    by_route: dict[Key, Declared] = {}
    for index, one in enumerate(scenario.fallbacks):
        place, to = scenario.place("fallbacks", index), scenario.place("fallbacks", index, "to")
        rules = _rules(resources, one.route, scenario.place("fallbacks", index, "route"), problems)
        node = _node(resources, one.to, to, problems)
        if node is None or not rules:
            continue
        found = by_service if service_named(resources, one.route) else by_route
        for rule, target in _apart(resources, rules, node, one.route, to, problems):
            if rule.key in found:
                message = f"{rule.owner.id} has a fallback already ({found[rule.key].where})"
                problems.add(place, message, "take one of them away")
            value = Fallback(target, frozenset(one.when))
            found[rule.key] = Declared(rule.clause, rule.owner, "fallback", value, place)
    return by_service | by_route


def stands_in_for(resources: Resources, name: str) -> dict[str, tuple[str, ...]]:
    """The nodes that a fallback of `name` (a route or a service) stands in for, by the rule that calls them."""
    rules = _rules(resources, name, Where(""), Problems())
    return {rule.owner.id: tuple(dict.fromkeys(node for node, _ in rule.arms)) for rule in rules}


def _apart(
    resources: Resources, rules: list[_Rule], node: str, name: str, where: Where, problems: Problems
) -> list[tuple[_Rule, Target]]:
    """The rules that a node can stand in for: they lead elsewhere, and it speaks what their targets speak."""
    others = [rule for rule in rules if any(arm != node for arm, _ in rule.arms)]
    if not others:
        problems.add(where, f"{node} is what {name} calls already", "name another node")
    fit = [(rule, target) for rule in others if (target := _target(resources, rule, node)) is not None]
    if others and not fit:
        wanted = [one for rule in others for arm in rule.arms for one in _listeners(resources, *arm)]
        spoken = (
            ", ".join(dict.fromkeys(str(one.protocol) for one in wanted)) or "anything that is asked of it"
        )
        problems.add(where, f"{node} has no listener that speaks {spoken}", "name a node that has one")
    return fit


def _rules(resources: Resources, name: str, where: Where, problems: Problems) -> list[_Rule]:
    """ROUTER/ROUTE, a service with all its routes, or the name of a single route."""
    router, slash, route = name.partition("/")
    if slash and (router, route) in resources.routes:
        return [_of_route(resources.routes[router, route])]
    if (service := service_named(resources, name)) is not None:
        return _of_service(resources, service, where, problems)
    alike = [one for one in resources.routes.values() if one.name == name]
    if len(alike) == 1:
        return [_of_route(alike[0])]
    full = [f"{one.parent}/{one.name}" for one in alike]
    if full:
        problems.add(where, f"{len(full)} routes have the name {name}", f"write one of {', '.join(full)}")
    else:
        known = [f"{one.parent}/{one.name}" for one in resources.routes.values()]
        unknown(name, "route or virtual service", where, [*known, *resources.virtual_services], problems)
    return []


def _of_route(route: Resource) -> _Rule:
    arms = route.spec.body.action.weighted_targets
    return _Rule((route.id, None), route, tuple((one.virtual_node, one.port) for one in arms))


def _of_service(resources: Resources, service: Resource, where: Where, problems: Problems) -> list[_Rule]:
    provider = service.spec.provider
    if provider and provider.virtual_node:
        node, way = provider.virtual_node.virtual_node_name, f"{service.id}/provider"
        ports = [one.port for one in _mappings(resources, node)]
        if len(ports) < 2:
            return [_Rule((way, None), service, ((node, None),))]
        return [_Rule((way, port), service, ((node, port),)) for port in ports]
    routes = resources.routes_of(provider.virtual_router.virtual_router_name) if provider else ()
    if not routes:
        problems.add(where, f"{service.name} has no routes", "name a route or a service that leads somewhere")
    return [_of_route(one) for one in routes]


def _node(resources: Resources, name: str, where: Where, problems: Problems) -> str | None:
    nodes = nodes_named(resources, name, where, problems)
    if len(nodes) > 1:
        problems.add(where, f"{name} has {len(nodes)} nodes behind it", f"name one: {', '.join(nodes)}")
        return None
    return nodes[0] if nodes else None


def _target(resources: Resources, rule: _Rule, node: str) -> Target | None:
    """The listener of the fallback that speaks what the route's own targets speak; the same port if it has it."""
    wanted = [one for arm in rule.arms for one in _listeners(resources, *arm)]
    offered = _mappings(resources, node)
    fit = [one for one in offered if any(_alike(one, other) for other in wanted)]
    if not fit:
        return None
    ports = {one.port for one in wanted}
    best = next((one for one in fit if one.port in ports), fit[0])
    return Target(node, 1, None if best is offered[0] else best.port)


def _mappings(resources: Resources, node: str) -> list[Any]:
    written = resources.virtual_nodes[node].spec.listeners if node in resources.virtual_nodes else None
    return [one.port_mapping for one in written or ()]


def _listeners(resources: Resources, node: str, port: int | None) -> list[Any]:
    """What a target means: the listener on its port, without one the node's first."""
    mappings = _mappings(resources, node)
    return mappings[:1] if port is None else [one for one in mappings if one.port == port]


def _alike(one: Any, other: Any) -> bool:
    """Both speak HTTP/1.1, both HTTP/2 (as gRPC does), or both bare TCP."""
    return bool(one.protocol == other.protocol or {one.protocol, other.protocol} == {"http2", "grpc"})
