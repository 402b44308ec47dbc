"""Nothing comes through an edge's connections any more (Toxiproxy's timeout toxic)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen
from chaosmesh.faults.connections import LONGEST_MS, Shown, between, broken, checked_stream, given_up


@dataclass(frozen=True, slots=True)
class Timeout(Shown):
    """What is sent is lost; after `ms` the connection ends, with 0 only when the fault is healed."""

    ms: int = 0
    kind: ClassVar[str] = "timeout"

    def __post_init__(self) -> None:
        checked_stream("timeout", self.stream)
        between("timeout", "the time in ms", self.ms, 0, LONGEST_MS, 'timeout("0ms")')

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"timeout": self.ms}

    def felt(self, attempt: AttemptSeen) -> bool:
        """Its caller gave it up, or its connection ended."""
        return broken(attempt) or given_up(attempt)
