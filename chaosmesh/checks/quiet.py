"""What a check touches, and what must be left alone meanwhile: edges by `client>node`, `node X`, `client X`, and `copies X`."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import ranked
from chaosmesh.checks.declared import callers_of
from chaosmesh.checks.model import Check, Probe

CUTTING = 3
"""The turn of checks that cut an edge: they are short, and many wait for them."""

FEW = 100
"""A pool that holds so many is never met by what is tried side by side."""


class Quiet:
    """Knows which edges a call to a service goes along, those below it included."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._behind = {name: nodes_behind(resources, name) for name in resources.virtual_services}
        self._pools = _pools(resources)
        self._backends: dict[str, list[str]] = {}
        for service, clients in callers_of(resources).items():
            for client in clients:
                self._backends.setdefault(client, []).append(service)

    def settled(self, check: Check) -> Check:
        """The check with everything that its probes touch; an edge that one of them cuts is its own."""
        cut = frozenset(one for probe in check.probes if probe.down for one in self.direct(probe))
        used = frozenset(one for probe in check.probes for one in self._used(probe))
        narrow = {f"node {node}" for node in self._pools if any(one.endswith(f">{node}") for one in used)}
        told_by_edge = {f"client {probe.client}" for probe in check.probes if probe.shape.protocol == "tcp"}
        alone = check.alone | cut | narrow | told_by_edge
        at = frozenset(f"node {one.partition('>')[2]}" for one in used)
        at |= {f"client {probe.client}" for probe in check.probes}
        turn = CUTTING if cut and check.turn > CUTTING else check.turn
        return replace(check, turn=turn, alone=alone, shares=(check.shares | used | at) - alone)

    def overfull(self, check: Check) -> str | None:
        """Why a check would meet a connection pool that it does not mean, None if it does not."""
        flight = sum(min(probe.count, probe.rate * probe.wait + 1) for probe in check.probes)
        for node, limit in self._pools.items():
            if f"node {node}" in check.alone and flight > limit:
                return f"it takes {flight:.0f} requests at once, and the pool of {node} holds {limit}"
        return None

    def _used(self, probe: Probe) -> frozenset[str]:
        if probe.place == "egress" or probe.service:
            return self.along(probe.client, probe.service)
        services = self._backends.get(probe.client, ()) if probe.place == "sidecar" else ()
        return frozenset(one for name in services for one in self.along(probe.client, name))

    def direct(self, probe: Probe) -> frozenset[str]:
        """The edges that a probe's client itself uses."""
        return frozenset(f"{probe.client}>{node}" for node in self._behind.get(probe.service, ()))

    def along(self, client: str, service: str) -> frozenset[str]:
        """All edges that a call may use."""
        found: set[str] = set()
        waiting = [(client, service)]
        while waiting:
            caller, name = waiting.pop()
            for node in self._behind.get(name, ()):
                if (edge := f"{caller}>{node}") not in found:
                    found.add(edge)
                    waiting += [(node, backend) for backend in self._backends.get(node, ())]
        return frozenset(found)


def nodes_behind(resources: Resources, service: str) -> tuple[str, ...]:
    """The nodes that a service's calls may go to."""
    declared = resources.virtual_services.get(service)
    provider = declared.spec.provider if declared else None
    if provider is None:
        return ()
    if provider.virtual_node:
        return (provider.virtual_node.virtual_node_name,)
    routes = ranked(resources.routes_of(provider.virtual_router.virtual_router_name))
    arms = (arm.virtual_node for route in routes for arm in route.spec.body.action.weighted_targets)
    return tuple(dict.fromkeys(arms))


def _pools(resources: Resources) -> dict[str, int]:
    """What each copy of a node with a connection pool holds without turning anything away or making it wait."""
    found: dict[str, int] = {}
    for name, node in resources.virtual_nodes.items():
        for listener in node.spec.listeners or ():
            if listener.connection_pool:
                _, pool = listener.connection_pool.member
                limit = int(getattr(pool, "max_connections", 0) or getattr(pool, "max_requests", 0))
                found[name] = min(limit, found.get(name, limit))
    return {name: limit for name, limit in found.items() if limit <= FEW}
