"""An edge's connections close late (Toxiproxy's slow_close toxic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen, Dose
from chaosmesh.faults.connections import LONGEST_MS, OnConnections, between, checked_stream, crossed


@dataclass(frozen=True, slots=True)
class SlowClose(OnConnections):
    """Each connection ends `ms` later than its server (or client) closed it."""

    ms: int
    kind: ClassVar[str] = "slow_close"

    def __post_init__(self) -> None:
        checked_stream("slow_close", self.stream)
        between("slow_close", "the delay in ms", self.ms, 1, LONGEST_MS, 'slow_close("1s")')

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"delay": self.ms}

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """Connections that are kept close after the attempts that used them."""
        return crossed(self, attempts)
