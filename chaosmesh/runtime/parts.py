"""What runs for a mesh, as data: the application of every replica and the Toxiproxy proxies of every edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime.layout import at_home
from chaosmesh.runtime.toxiproxy import ProxySpec
from chaosmesh.services.called import called_port, scheme
from chaosmesh.services.config import StandIn
from chaosmesh.services.program import Program

Role = Literal["holder", "sidecar", "app", "toxiproxy", "prometheus", "external"]
App = StandIn | Program
"""What runs behind a sidecar."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process or container of the mesh; `replica` is None for what serves all of it. A holder holds the network of
    a replica's containers; `label` tells those apart that serve all of it."""

    role: Role
    replica: Replica | None = None
    label: str = ""

    @property
    def name(self) -> str:
        """Name in the keeper and of the log file. An application that was started anew beside its predecessor
        has the end of its address in it."""
        if self.replica is None:
            return f"{self.role}-{self.label}" if self.label else self.role
        name = f"{self.role}-{quote(self.replica.key, safe='')}"
        if self.role == "app" and not at_home(self.replica):
            return f"{name}-{'.'.join(self.replica.app.split('.')[2:])}"
        return name


def apps(mesh: Mesh, topology: Topology, wanted: Mapping[str, App], *, token: str) -> dict[Replica, App]:
    """What runs behind the sidecar of every replica; gateways have nothing. `wanted` gives by node its own program,
    or latency, capacity and version of its stand-in.

    `calls` of a given stand-in holds (service, path), "" for the path of the request that causes the call; one that
    isn't given calls all backends.
    """
    return {
        one: _app(mesh, topology, one, wanted.get(one.node), token)
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


def _app(mesh: Mesh, topology: Topology, one: Replica, wanted: App | None, token: str) -> App:
    listen = tuple(
        (one.app, listener.port, str(listener.protocol)) for listener in mesh.workload(one.node).listeners
    )
    if isinstance(wanted, Program):
        return replace(wanted, node=one.node, replica=one.index, run=topology.run, listen=listen)
    return replace(
        wanted or StandIn(one.node),
        node=one.node,
        replica=one.index,
        run=topology.run,
        listen=listen,
        calls=tuple(_calls(mesh, topology, one, wanted)),
        token=token,
    )


def _calls(mesh: Mesh, topology: Topology, one: Replica, wanted: StandIn | None) -> Iterator[tuple[str, str]]:
    """(service, url) at the replica's own egress addresses."""
    offers = {egress.service: egress for egress in topology.egresses_of(one)}
    for service, path in wanted.calls if wanted else tuple((name, "") for name in offers):
        port = called_port(mesh.service(service)) if service in offers else None
        if port is not None:
            how = scheme(mesh.service(service), port)
            yield service, f"{how}://{offers[service].address}:{port.port}{path}"
