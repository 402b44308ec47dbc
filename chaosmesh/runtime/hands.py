"""What a runtime does with one part of a mesh: the difference between processes and containers, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from chaosmesh.mesh import Replica
from chaosmesh.runtime import prometheus
from chaosmesh.runtime.heal import Heal

State = Literal["runs", "stopped", "ended"]


class Hands(ABC):
    """Parts are named by `Part.name`. What starts a part notes its pid in `_pids`."""

    _pids: dict[str, int]

    @abstractmethod
    def tables(self) -> Collection[Path]:
        """The kernel's tables of the TCP connections that the parts of the mesh have."""

    @abstractmethod
    def clients(self, servers: Collection[tuple[str, int]]) -> frozenset[tuple[bytes, bytes]]:
        """Open clients' ends of connections to these addresses: each as (own end, server's end), opaque."""

    @abstractmethod
    def prometheus_hands(self, subnet: str) -> prometheus.Hands:
        """What starts a Prometheus server beside the mesh."""

    @abstractmethod
    async def _start_sidecar(self, replica: Replica) -> None:
        """Starts the sidecar of a replica; it may not answer yet."""

    @abstractmethod
    async def _start_app(self, replica: Replica) -> None:
        """Starts the application of a replica; it may not serve yet."""

    @abstractmethod
    async def _start_toxiproxy(self, host: str) -> None:
        """Starts Toxiproxy with its API at `host`; it may not answer yet."""

    @abstractmethod
    async def _end(self, name: str) -> None:
        """Ends a part in order, after STOP_TIMEOUT by force; fine where it does not run."""

    @abstractmethod
    async def _kill(self, name: str) -> None:
        """Ends a part at once, as a crash does."""

    @abstractmethod
    async def _freeze(self, name: str) -> None:
        """Stops a part where it stands."""

    @abstractmethod
    async def _thaw(self, name: str) -> None:
        """Lets it go on."""

    @abstractmethod
    def _heal_freeze(self, name: str) -> Heal:
        """`_thaw` as data for a lease."""

    @abstractmethod
    async def _state(self, name: str) -> State:
        """What a part does, by the kernel's or the engine's word."""
