"""Connection faults in force, proxy by proxy: what a server that joins an edge under a fault inherits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosmesh.mesh import Mesh, Topology


@dataclass(frozen=True, slots=True)
class Effect:
    """What a lease does to a proxy: a toxic of a kind, or (without one) it disables the proxy."""

    kind: str = ""
    attributes: Mapping[str, Any] | None = None


Held = dict[tuple[str, str], Effect]
"""(lease, proxy) → its effect."""


def proxies_of(mesh: Mesh, topology: Topology, client: str, service: str) -> tuple[str, ...]:
    """Proxies of an edge, every port of every replica of the service's own targets (a fallback is spared); none
    where the service is unknown."""
    if service not in {one.name for one in mesh.services}:
        return ()
    found = (p for server in mesh.own_targets(service) for p in topology.proxies_of(client, server))
    return tuple(p.name(port) for p in found for port in p.ports)


def heirs(
    held: Held, before: tuple[Mesh, Topology], after: tuple[Mesh, Topology]
) -> Iterator[tuple[str, str, Effect]]:
    """(lease, proxy, effect) for proxies that join an edge which a lease holds as a whole."""
    for lease in dict.fromkeys(lease for lease, _ in held):
        mine = {proxy: effect for (owner, proxy), effect in held.items() if owner == lease}
        given: set[str] = set()
        for edge in after[0].edges():
            old = proxies_of(*before, *edge)
            if not old or not mine.keys() >= set(old):
                continue
            for proxy in proxies_of(*after, *edge):
                if proxy not in mine and proxy not in given:
                    given.add(proxy)
                    yield lease, proxy, mine[old[0]]


def strays(held: Held, mesh: Mesh, topology: Topology) -> list[tuple[str, str, Effect]]:
    """What leases hold although it belongs to no edge any more: nobody would heal it."""
    used = {proxy for edge in mesh.edges() for proxy in proxies_of(mesh, topology, *edge)}
    return [(lease, proxy, effect) for (lease, proxy), effect in held.items() if proxy not in used]
