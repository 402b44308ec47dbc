"""Connection faults in force, proxy by proxy: what a server that joins an edge under a fault inherits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from chaosmesh.faults import Effect, Scope
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime.outside import proxy_of


@dataclass(slots=True)
class Hold:
    """One lease: its effect on every proxy of its scope. `proxies` are those that have it now."""

    scope: Scope
    effect: Effect
    proxies: set[str] = field(default_factory=set)


Held = dict[str, Hold]
"""Lease → what it holds."""


def proxies_of(mesh: Mesh, topology: Topology, scope: Scope) -> tuple[str, ...]:
    """Proxies of a scope, every port of every replica of the service's own targets (a fallback is spared); none
    where the service is unknown. Something outside has one of its own."""
    if scope.external:
        return (proxy_of(scope.service),)
    if scope.service not in {one.name for one in mesh.services}:
        return ()
    servers = mesh.own_targets(scope.service) if scope.workload is None else (scope.workload,)
    found = (p for server in servers for p in topology.proxies_of(scope.client, server))
    return tuple(p.name(port) for p in found if scope.replica in (None, p.replica) for port in p.ports)


def http_ends(mesh: Mesh, topology: Topology, proxies: Collection[str]) -> list[tuple[str, int]]:
    """Where those of the proxies listen that carry requests. Programs behind TCP close their ends when they like."""
    return [
        (one.address, port)
        for one in topology.proxies
        for port in one.ports
        if one.name(port) in proxies and _protocol(mesh, one.server, port) not in (None, "tcp")
    ]


def _protocol(mesh: Mesh, server: str, port: int) -> str | None:
    listeners = (one.listeners for one in mesh.workloads if one.name == server)
    return next((one.protocol for group in listeners for one in group if one.port == port), None)


def heirs(held: Mapping[str, Hold], mesh: Mesh, topology: Topology) -> Iterator[tuple[str, str]]:
    """(lease, proxy) for proxies that are in a lease's scope and don't have its effect yet."""
    for lease, hold in held.items():
        for proxy in proxies_of(mesh, topology, hold.scope):
            if proxy not in hold.proxies:
                yield lease, proxy


def strays(held: Mapping[str, Hold], mesh: Mesh, topology: Topology) -> list[tuple[str, str]]:
    """(lease, proxy) for what leases hold although it is in their scope no more: nobody would heal it."""
    return [
        (lease, proxy)
        for lease, hold in held.items()
        for proxy in sorted(hold.proxies - set(proxies_of(mesh, topology, hold.scope)))
    ]
