"""Where everything of a run listens: pure data, made by the runtime, read by the translators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replica:
    """One copy of a workload: its sidecar's address (15000 ingress, 15001 egress, 9901 admin, and the
    workload's own ports), its application's address, and `door`, the address at which users come in
    (entries only; what arrives there is not trusted). `ports` leads from a listener's port to the one on which the
    application serves, where that is another."""

    node: str
    index: int
    sidecar: str
    app: str
    door: str | None = None
    ports: tuple[tuple[int, int], ...] = ()

    def app_port(self, port: int) -> int:
        """Where the application serves one port of the workload."""
        return dict(self.ports).get(port, port)

    @property
    def key(self) -> str:
        """Name of the sidecar in the control plane, in logs and in file names."""
        return f"{self.node}.{self.index}"


@dataclass(frozen=True, slots=True)
class EdgeProxy:
    """The Toxiproxy proxy between one client workload and one replica of a server, on the server's ports."""

    client: str
    server: str
    replica: int
    address: str
    ports: tuple[int, ...]

    def name(self, port: int) -> str:
        """Name of the proxy for one port in Toxiproxy."""
        return f"{self.client}>{self.server}.{self.replica}:{port}"


@dataclass(frozen=True, slots=True)
class Egress:
    """Address at which one replica's sidecar offers one service to its application, on the service's ports."""

    client: str
    replica: int
    service: str
    address: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """All addresses of a run; all of them lie in `subnet` ("127.R")."""

    run: str
    replicas: tuple[Replica, ...]
    proxies: tuple[EdgeProxy, ...]
    egresses: tuple[Egress, ...]
    entries: tuple[str, ...]
    subnet: str = ""

    def replicas_of(self, node: str) -> tuple[Replica, ...]:
        """The copies of one workload, by index."""
        return tuple(one for one in self.replicas if one.node == node)

    def proxies_of(self, client: str, server: str) -> tuple[EdgeProxy, ...]:
        """The proxies between one client workload and one server workload, by replica."""
        return tuple(one for one in self.proxies if (one.client, one.server) == (client, server))

    def egresses_of(self, replica: Replica) -> Iterator[Egress]:
        """What one replica's sidecar offers to its application."""
        return (one for one in self.egresses if (one.client, one.replica) == (replica.node, replica.index))

    def egress(self, client: str, service: str, replica: int = 0) -> Egress:
        """Where a client's application calls a service (KeyError if the client has no such backend)."""
        for one in self.egresses:
            if (one.client, one.replica, one.service) == (client, replica, service):
                return one
        raise KeyError((client, service, replica))
