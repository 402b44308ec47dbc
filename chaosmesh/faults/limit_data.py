"""An edge's connections end after so many bytes (Toxiproxy's limit_data toxic)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen
from chaosmesh.faults.connections import Shown, between, broken, checked_stream

MOST_BYTES = 2**40


@dataclass(frozen=True, slots=True)
class LimitData(Shown):
    """Each connection ends once `bytes` went through it, headers included, counted from when the fault began."""

    bytes: int
    kind: ClassVar[str] = "limit_data"

    def __post_init__(self) -> None:
        checked_stream("limit_data", self.stream)
        between("limit_data", "bytes", self.bytes, 1, MOST_BYTES, 'limit_data("1KB")')

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"bytes": self.bytes}

    def felt(self, attempt: AttemptSeen) -> bool:
        """Its connection ended before its answer did."""
        return broken(attempt)
