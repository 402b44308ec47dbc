"""The small protocol of every fault, and what a fault needs of the running mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chaosmesh.faults.ailment import ContainerActs
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import ControlActs, ProcessActs
from chaosmesh.mesh import RequestFault

Stream = Literal["upstream", "downstream"]
"""Which way through a connection: requests go upstream, answers come downstream."""

Unit = Literal["attempt", "cut", "act"]
"""What a dose counts: attempts that were hit, cuts of an edge's connections, or anything else that was done."""

LOST = frozenset({"UF", "UC", "UH", "LR", "UR", "UPE"})
"""Envoy's flags of an attempt whose connection could not be made, broke, or had no host."""

WAITED = frozenset({"UT", "DC", "SI", "DT"})
"""Envoy's flags of an attempt that was given up before its answer came; when the whole call is, it has none."""


class AttemptSeen(Protocol):
    """What a fault reads of an attempt on its edge (a ledger's attempt is one)."""

    @property
    def start_ns(self) -> int:
        """When it began, epoch nanoseconds."""

    @property
    def duration_ms(self) -> float:
        """From the caller's sidecar's first byte to the end of the answer."""

    @property
    def status(self) -> int:
        """Of its answer, 0 without one."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Envoy's response flags."""

    @property
    def victim(self) -> str:
        """Ids of the request faults that hit the attempt, with commas, or nothing."""

    @property
    def replica(self) -> int | None:
        """Which copy of the server it went to; None where it went nowhere."""

    @property
    def upstream(self) -> str:
        """Address that it was sent to, or nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Connections of one edge; `workload` narrows them to one node behind the service, `replica` to one copy. Or
    (`external`) everybody's connections to what is outside the mesh under the name `service`."""

    client: str
    service: str
    workload: str | None = None
    replica: int | None = None
    external: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What is done to a proxy. `kind`: a toxic of Toxiproxy with its `attributes`, "down" (it listens no more), or
    "reset" (`every_ms`: its open connections end once a period)."""

    kind: str
    attributes: Mapping[str, int]
    stream: Stream = "downstream"


class Site(ProcessActs, ControlActs, ContainerActs, Protocol):
    """The running mesh, as a fault sees it."""

    async def inject(self, fault: RequestFault) -> None:
        """Put a request fault in force on the callees' sidecars."""

    async def withdraw(self, fault_id: str) -> None:
        """Take a request fault off again."""

    async def impair(
        self, lease: str, scope: Scope, effect: Effect, acted: Callable[[int], None] | None = None
    ) -> None:
        """Do something to all connections of a scope under a lease, to replicas that join later too.

        `acted` is told when (epoch nanoseconds) something that is done again and again was done.
        """

    async def repair(self, lease: str) -> None:
        """Undo it and end the lease; harmless when nothing is left of it."""

    async def hinder(self, lease: str, name: str, effect: Effect, evidence: Evidence) -> None:
        """Do something to everybody's connections to something outside the mesh, under a lease."""

    async def unhinder(self, lease: str) -> None:
        """Undo it and end the lease; harmless where nothing was done."""


@dataclass(frozen=True, slots=True)
class Dose:
    """What a fault really did: `hit` of what `unit` says, `planned` as a share of the attempts it is meant for.

    `attempts` were made where it acts. `planned` 0: no share of them can be told beforehand. `evidence`: what the
    number rests on, where it isn't a mark on the attempts themselves.
    """

    attempts: int
    hit: int
    planned: float
    unit: Unit = "attempt"
    evidence: str = ""

    @property
    def share(self) -> float:
        """Delivered share of the attempts, 0 without attempts."""
        return self.hit / self.attempts if self.attempts else 0.0

    @property
    def delivered(self) -> bool:
        """Whether the fault did anything at all."""
        return self.hit > 0


class Fault(Protocol):
    """One fault, on one edge or (`edge` is ("", node)) on a node."""

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
