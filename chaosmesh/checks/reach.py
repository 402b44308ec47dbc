"""Whether a route can be tried at all: who calls it, and with which request."""

from __future__ import annotations

from chaosmesh.appmesh import Resources
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.model import Shape
from chaosmesh.checks.shapes import example


def reachable(resources: Resources, rule: Rule) -> tuple[str, str, Shape] | str:
    """(client, service, request) by which the route is taken, or the reason why there is none."""
    if not rule.callers:
        return "no node has it as a backend"
    shape = example(rule.body.match)
    if shape is None:
        return "no example request could be made up for it"
    if not rule.nodes:
        return "all weights are 0: no target can be reached"
    if mute := [name for name in rule.nodes if not _speaks_http(resources, name)]:
        return f"stand-ins speak HTTP/1.1 only, and {mute[0]} has no http listener"
    client, service = rule.callers[0]
    taken = expected_route(resources, service, shape)
    if taken != rule.route.name:
        return f"route {taken} takes the example request before it"
    return client, service, shape


def _speaks_http(resources: Resources, node: str) -> bool:
    listeners = resources.virtual_nodes[node].spec.listeners or ()
    return any(one.port_mapping.protocol == "http" for one in listeners)
