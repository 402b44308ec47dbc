"""An edge's connections carry only so many bytes a second (Toxiproxy's bandwidth toxic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen, Dose
from chaosmesh.faults.connections import OnConnections, between, checked_stream, crossed

MOST_KB = 10_000_000


@dataclass(frozen=True, slots=True)
class Bandwidth(OnConnections):
    """`kb` kilobytes (1,000 bytes) a second, each connection for itself."""

    kb: int
    kind: ClassVar[str] = "bandwidth"

    def __post_init__(self) -> None:
        checked_stream("bandwidth", self.stream)
        between("bandwidth", "KB/s", self.kb, 1, MOST_KB, 'bandwidth("64KB/s")')

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"rate": self.kb}

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """A small answer passes as if nothing were there."""
        return crossed(self, attempts)
