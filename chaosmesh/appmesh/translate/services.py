"""Virtual services: the ports on which they are called, and the routes behind them."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.appmesh.profiles import Profile
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.translate.order import order
from chaosmesh.appmesh.translate.routes import route
from chaosmesh.mesh import Clause, Match, Route, Service, ServicePort, Target, Timeout


def service(resource: Resource, resources: Resources, profile: Profile) -> Service:
    """One virtual service. Without a provider it has neither ports nor routes."""
    provider = resource.spec.provider
    if provider is None:
        return Service(resource.name, (), (), resource.where)
    if provider.virtual_node:
        node = resources.virtual_nodes[provider.virtual_node.virtual_node_name]
        return Service(resource.name, _ports(node), tuple(_direct(resource, node, profile)), resource.where)
    router = resources.virtual_routers[provider.virtual_router.virtual_router_name]
    routes = sorted(resources.routes_of(router.name), key=order)
    return Service(
        resource.name,
        _ports(router) or _ports_behind(routes, resources),
        tuple(route(one, profile) for one in routes),
        resource.where,
    )


def _ports(owner: Resource) -> tuple[ServicePort, ...]:
    mappings = (one.port_mapping for one in owner.spec.listeners or ())
    return tuple(ServicePort(one.port, one.protocol) for one in mappings)


def _ports_behind(routes: list[Resource], resources: Resources) -> tuple[ServicePort, ...]:
    """A router without listeners serves the ports of the nodes behind it."""
    targets = (target for route in routes for target in route.spec.body.action.weighted_targets)
    ports = (port for target in targets for port in _ports(resources.virtual_nodes[target.virtual_node]))
    return tuple({one.port: one for one in ports}.values())


def _direct(resource: Resource, node: Resource, profile: Profile) -> Iterator[Route]:
    """A virtual node that serves a virtual service itself: one route a listener, with nothing to configure."""
    listeners = node.spec.listeners or ()
    provider = Clause(f"{resource.id}/provider", resource.place("provider"))
    for listener in listeners:
        port, protocol = listener.port_mapping.port, listener.port_mapping.protocol
        own = port if len(listeners) > 1 else None
        tcp = protocol == "tcp"
        yield Route(
            id=provider.id,
            name=f"{resource.name}:{port}" if own else resource.name,
            protocol=protocol,
            match=Match(prefix=None if tcp else "/", port=own),
            targets=(Target(node.name, 1, own),),
            retry=None if tcp else profile.retry,
            timeout=Timeout(None if tcp else profile.request_timeout),
            where=provider.where,
            clauses={"targets": provider},
            implicit=True,
        )
