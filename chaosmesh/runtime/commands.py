"""Programs of this machine behind a sidecar: what they are started with. Pure.

A program listens on the address and port that it is told (`{host}`, `{port}`, `HOST`, `PORT`), and reaches its
backends by plain HTTP through `HTTP_PROXY`, which is its own sidecar, or at `CHAOSMESH_<SERVICE>`. Nothing of this
machine's network is redirected: a client that obeys neither leaves the mesh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaosmesh.envoy import names
from chaosmesh.mesh import Replica, Topology
from chaosmesh.services.placeholders import backends, filled, own_port
from chaosmesh.services.program import Program

LOOPBACK = ("localhost", "127.0.0.1", "127.0.0.0/8")
"""What is never asked through the sidecar; names of the mesh are not among it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start: its arguments, what goes over the environment of this process, its folder ("" ours)."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: str = ""


def command_of(program: Program, replica: Replica, topology: Topology) -> Command:
    """How one copy of a program is started. The user's own environment goes over everything that is set here."""
    ready = filled(program, replica.app)
    offers = [(one.service, one.address, one.ports) for one in topology.egresses_of(replica)]
    proxy = f"http://{replica.sidecar}:{names.EGRESS_PORT}"
    direct = ",".join((*LOOPBACK, *(address for _, address, _ in offers)))
    env = {
        "HOST": replica.app,
        **({"PORT": str(port)} if (port := own_port(program)) is not None else {}),
        **dict.fromkeys(("HTTP_PROXY", "http_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), direct),
        **backends(offers),
        **ready.env,
    }
    return Command(ready.command or (), env, ready.folder)
