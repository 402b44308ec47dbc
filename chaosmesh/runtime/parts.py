"""What runs for a mesh, as data: the stand-in of every replica and the Toxiproxy proxies of every edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime.toxiproxy import ProxySpec
from chaosmesh.services.config import StandIn

Role = Literal["sidecar", "app", "toxiproxy"]
SPOKEN = ("http", "tcp")


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the mesh; `replica` is None for Toxiproxy."""

    role: Role
    replica: Replica | None = None

    @property
    def name(self) -> str:
        """Name in the keeper and of the log file."""
        return f"{self.role}-{quote(self.replica.key, safe='')}" if self.replica else self.role


def standins(
    mesh: Mesh, topology: Topology, wanted: Mapping[str, StandIn], *, token: str
) -> dict[Replica, StandIn]:
    """The stand-in of every replica; gateways have none. `wanted` gives latency, capacity and version by node.

    A given `calls` is kept where it names urls; else all backends are called at their egress addresses.
    UsageError names every workload that a stand-in can't play.
    """
    unspoken = [
        f"{one.name} ({listener.protocol} on {listener.port})"
        for one in mesh.workloads
        for listener in one.listeners
        if not one.gateway and listener.protocol not in SPOKEN
    ]
    if unspoken:
        raise UsageError(
            f"stand-ins speak HTTP/1.1 and TCP only, not what these listen for: {', '.join(unspoken)}",
            hint="give these workloads a `command` of their own in the scenario file",
        )
    return {
        one: _standin(mesh, topology, one, wanted.get(one.node, StandIn(one.node)), token)
        for one in topology.replicas
        if not mesh.workload(one.node).gateway
    }


def proxies(topology: Topology) -> Iterator[ProxySpec]:
    """A proxy for each edge, server replica and port, in front of the server's sidecar."""
    sidecars = {(one.node, one.index): one.sidecar for one in topology.replicas}
    for edge in topology.proxies:
        for port in edge.ports:
            upstream = f"{sidecars[edge.server, edge.replica]}:{port}"
            yield ProxySpec(edge.name(port), f"{edge.address}:{port}", upstream)


def proxies_to(topology: Topology, replica: Replica) -> list[str]:
    """Names of all proxies in front of one replica."""
    return [
        edge.name(port)
        for edge in topology.proxies
        if (edge.server, edge.replica) == (replica.node, replica.index)
        for port in edge.ports
    ]


def _standin(mesh: Mesh, topology: Topology, one: Replica, wanted: StandIn, token: str) -> StandIn:
    calls = tuple(
        (egress.service, f"http://{egress.address}:{egress.ports[0]}")
        for egress in topology.egresses_of(one)
        if egress.ports
    )
    listen = tuple(
        (one.app, listener.port, str(listener.protocol)) for listener in mesh.workload(one.node).listeners
    )
    return replace(
        wanted,
        node=one.node,
        replica=one.index,
        run=topology.run,
        listen=listen,
        calls=wanted.calls or calls,
        token=token,
    )
