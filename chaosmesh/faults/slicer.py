"""What comes over an edge's connections arrives in small pieces (Toxiproxy's slicer toxic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import AttemptSeen, Dose
from chaosmesh.faults.connections import LONGEST_MS, OnConnections, between, checked_stream, crossed

MOST_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class Slicer(OnConnections):
    """Pieces of `size` ± `variation` bytes, `delay_us` microseconds apart."""

    bytes: int
    variation: int = 0
    delay_us: int = 0
    kind: ClassVar[str] = "slicer"

    def __post_init__(self) -> None:
        checked_stream("slicer", self.stream)
        between("slicer", "size in bytes", self.bytes, 1, MOST_BYTES, 'slicer(size=64, delay="1ms")')
        between("slicer", "the delay in µs", self.delay_us, 0, LONGEST_MS * 1000, 'slicer(delay="1ms")')
        if not 0 <= self.variation < self.bytes:
            raise UsageError(
                f"slicer: variation must lie between 0 and below the size of {self.bytes} bytes (got {self.variation})",
                hint="slicer(size=64, variation=16)",
            )

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"average_size": self.bytes, "size_variation": self.variation, "delay": self.delay_us}

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """A body that fits into one piece passes as if nothing were there."""
        return crossed(self, attempts)
