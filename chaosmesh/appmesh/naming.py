"""What a name in the scenario means: a node, a service (its first DNS label will do), and the nodes behind it."""

from __future__ import annotations

from collections.abc import Collection

from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents import Problems, did_you_mean
from chaosmesh.errors import Where
from chaosmesh.mesh.naming import node_named


def service_named(resources: Resources, name: str) -> Resource | None:
    """The virtual service of that name, or the only one with that first DNS label."""
    if name in resources.virtual_services:
        return resources.virtual_services[name]
    short = [one for one in resources.virtual_services.values() if one.name.partition(".")[0] == name]
    return short[0] if len(short) == 1 else None


def nodes_behind(resources: Resources, service: Resource) -> tuple[str, ...]:
    """The virtual nodes that serve a service, in the order of its routes."""
    provider = service.spec.provider
    if provider is None:
        return ()
    if provider.virtual_node:
        return (provider.virtual_node.virtual_node_name,)
    routes = resources.routes_of(provider.virtual_router.virtual_router_name)
    arms = (arm for route in routes for arm in route.spec.body.action.weighted_targets)
    return tuple(dict.fromkeys(arm.virtual_node for arm in arms))


def nodes_named(resources: Resources, name: str, where: Where, problems: Problems) -> tuple[str, ...]:
    """The node of that name, or the nodes behind the service of that name; a problem if there are none."""
    if name in resources.virtual_nodes:
        return (name,)
    service = service_named(resources, name)
    if service is None:
        if node := node_named(name, resources.virtual_nodes):
            return (node,)
        unknown(name, "virtual node or service", where, known_targets(resources), problems)
        return ()
    found = nodes_behind(resources, service)
    if not found:
        problems.add(where, f"no node serves {service.name}", "name a virtual node")
    return found


def known_targets(resources: Resources) -> list[str]:
    """Names that stand for nodes."""
    return [*resources.virtual_nodes, *resources.virtual_services]


def unknown(name: str, what: str, where: Where, known: Collection[str], problems: Problems) -> None:
    """Notes a name that nothing has."""
    hint = did_you_mean(name, known) or f"the documents have no {what}"
    problems.add(where, f"there is no {what} {name}", hint)
