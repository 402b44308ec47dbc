"""What a check touches, and what must be left alone meanwhile: edges by `client>node`, `node X`, `client X`, and `copies X`."""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import ranked
from chaosmesh.checks.declared import callers_of
from chaosmesh.checks.model import Check, Probe


class Quiet:
    """Knows which edges a call to a service goes along, those below it included."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._behind = {name: nodes_behind(resources, name) for name in resources.virtual_services}
        self._backends: dict[str, list[str]] = {}
        for service, clients in callers_of(resources).items():
            for client in clients:
                self._backends.setdefault(client, []).append(service)

    def settled(self, check: Check) -> Check:
        """The check with everything that its probes touch; an edge that one of them cuts is its own."""
        cut = frozenset(one for probe in check.probes if probe.down for one in self.direct(probe))
        used = frozenset(one for probe in check.probes for one in self.along(probe.client, probe.service))
        alone = check.alone | cut
        at = frozenset(f"node {one.partition('>')[2]}" for one in used)
        at |= {f"client {probe.client}" for probe in check.probes}
        return replace(check, alone=alone, shares=(check.shares | used | at) - alone)

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
