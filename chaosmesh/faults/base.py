"""The small protocol of every fault, and what a fault needs of the running mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chaosmesh.mesh import RequestFault


class AttemptSeen(Protocol):
    """What a fault reads of an attempt on its edge (a ledger's attempt is one)."""

    @property
    def duration_ms(self) -> float:
        """From the caller's sidecar's first byte to the end of the answer."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Envoy's response flags."""

    @property
    def victim(self) -> str:
        """Id of the request fault that hit the attempt, or nothing."""


class Site(Protocol):
    """The running mesh, as a fault sees it."""

    async def inject(self, fault: RequestFault) -> None:
        """Put a request fault in force on the callees' sidecars."""

    async def withdraw(self, fault_id: str) -> None:
        """Take a request fault off again."""

    def edge_proxies(self, client: str, service: str) -> tuple[str, ...]:
        """Names of the edge's Toxiproxy proxies."""

    async def toxic(self, lease: str, proxy: str, kind: str, attributes: Mapping[str, Any]) -> None:
        """Add a toxic under a lease (the lease's id names the toxic)."""

    async def untoxic(self, lease: str, proxy: str) -> None:
        """Remove a toxic and end its lease."""

    async def cut(self, lease: str, proxy: str) -> None:
        """Disable a proxy under a lease: open connections end, new ones are refused."""

    async def uncut(self, lease: str, proxy: str) -> None:
        """Enable a proxy again and end its lease."""


@dataclass(frozen=True, slots=True)
class Dose:
    """What a fault really did: `hit` of `attempts` attempts on its edge, `planned` as a share of them."""

    attempts: int
    hit: int
    planned: float

    @property
    def share(self) -> float:
        """Delivered share, 0 without attempts."""
        return self.hit / self.attempts if self.attempts else 0.0

    @property
    def delivered(self) -> bool:
        """Whether the fault met any attempt at all."""
        return self.hit > 0


class Fault(Protocol):
    """One fault on one edge."""

    @property
    def id(self) -> str:
        """Unique in the run; the fault timeline and the ledger speak of it by this."""

    @property
    def kind(self) -> str:
        """One word: errors, latency, down."""

    @property
    def edge(self) -> tuple[str, str]:
        """Client workload and service."""

    @property
    def size(self) -> Mapping[str, Any]:
        """The dose as asked for."""

    async def apply(self, site: Site) -> None:
        """Put it in force; when this returns, every attempt that starts meets it."""

    async def heal(self, site: Site) -> None:
        """Take it off; when this returns, no attempt that starts meets it."""

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """What the attempts of the edge show of it."""
