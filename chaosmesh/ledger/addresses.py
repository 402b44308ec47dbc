"""Which replica or service answers at an address: how an attempt's server is known without its own row."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaosmesh.mesh import Topology


@dataclass(frozen=True, slots=True)
class Addresses:
    """`servers`: IP → (workload, replica). `services`: IP of an egress → the service behind it. Both grow with
    the run."""

    servers: dict[str, tuple[str, int]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, topology: Topology) -> Addresses:
        """The addresses of a run."""
        direct = {one.sidecar: (one.node, one.index) for one in topology.replicas}
        proxied = {one.address: (one.server, one.replica) for one in topology.proxies}
        return cls(direct | proxied, {one.address: one.service for one in topology.egresses})

    def learn(self, topology: Topology) -> None:
        """Take in a topology that has grown; an address never changes its owner."""
        grown = Addresses.of(topology)
        self.servers.update(grown.servers)
        self.services.update(grown.services)

    def server(self, upstream: str) -> tuple[str, int] | None:
        """The replica behind "ip:port"."""
        return self.servers.get(upstream.rpartition(":")[0])

    def service(self, authority: str) -> str:
        """The service that a Host header names, by name or by an egress address."""
        host = authority.partition(":")[0]
        return self.services.get(host, host)


def node_of(sidecar: str) -> str:
    """The workload of a sidecar's key ("node.index")."""
    return sidecar.rpartition(".")[0] or sidecar


def replica_of(sidecar: str) -> int | None:
    """The replica of a sidecar's key ("node.index")."""
    index = sidecar.rpartition(".")[2]
    return int(index) if index.isdecimal() else None
