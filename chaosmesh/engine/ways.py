"""Where users and applications reach a running mesh."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.engine.fronts import front_of, takes
from chaosmesh.engine.secrets import Secrets, encrypted
from chaosmesh.load import Tls
from chaosmesh.load.plan import Protocol
from chaosmesh.mesh import Listener, Mesh, Topology

ANYWHERE = 15001
"""The port of a sidecar for whatever its application calls."""


class Ways:
    """The addresses of a mesh as urls."""

    mesh: Mesh
    topology: Topology
    secrets: Secrets

    def speaks_http(self, workload: str) -> bool:
        """Whether a workload can be called over HTTP/1.1."""
        return any(one.protocol == "http" for one in self.mesh.workload(workload).listeners)

    def speaks(self, workload: str, *protocols: Protocol) -> bool:
        """Whether one listener of a workload takes all of these."""
        return any(takes(one, *protocols) for one in self.mesh.workload(workload).listeners)

    def entry_url(self, entry: str, *protocols: Protocol) -> str:
        """Where users come in at a workload: its door and its first port that takes these protocols ("https" where it
        takes TLS only, "tcp" where it speaks no HTTP)."""
        listener = self._front(entry, *protocols)
        replica = self.topology.replicas_of(entry)[0]
        scheme = "tcp" if listener.protocol == "tcp" else "https" if encrypted(listener) else "http"
        return f"{scheme}://{replica.door or replica.sidecar}:{listener.port}"

    def entry_tls(self, entry: str, *protocols: Protocol) -> Tls | None:
        """How users speak TLS at a workload; None for plain text."""
        return self.secrets.tls(self.mesh, self.mesh.workload(entry), self._front(entry, *protocols))

    def ca_file(self, entry: str) -> Path | None:
        """PEM file of what users must believe at a workload that takes TLS; None where nothing is needed."""
        tls = self._front(entry).tls
        if tls is None or tls.mode == "disabled":
            return None
        return self.secrets.ca_file(self.mesh, self.mesh.workload(entry), tls)

    def _front(self, entry: str, *protocols: Protocol) -> Listener:
        return front_of(self.mesh.workload(entry), *protocols)

    def egress_url(self, client: str, service: str, port: int | None = None) -> str:
        """Where a client's application calls a service, by default on its first port."""
        egress = self.topology.egress(client, service)
        return f"http://{egress.address}:{egress.ports[0] if port is None else port}"

    def anywhere_url(self, client: str) -> str:
        """Where a client's application calls whatever it likes: its sidecar goes by the host."""
        return f"http://{self.topology.replicas_of(client)[0].sidecar}:{ANYWHERE}"
