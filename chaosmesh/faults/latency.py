"""Everything that comes over an edge's connections is held back (Toxiproxy's latency toxic)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import AttemptSeen
from chaosmesh.faults.connections import LONGEST_MS, Shown, between, checked_stream, given_up

CLOCKS_MS = 1.0
"""By which the sidecar's clock and Toxiproxy's may differ over one attempt."""


@dataclass(frozen=True, slots=True)
class Latency(Shown):
    """`ms` more on each answer (`stream` "upstream": on each request), ± `jitter_ms`."""

    ms: int
    jitter_ms: int = 0
    kind: ClassVar[str] = "latency"

    def __post_init__(self) -> None:
        checked_stream("latency", self.stream)
        between("latency", "the delay in ms", self.ms, 1, LONGEST_MS, 'latency("300ms")')
        if not 0 <= self.jitter_ms <= self.ms:
            raise UsageError(
                f"jitter must lie between 0 and the latency of {self.ms} ms (got {self.jitter_ms})",
                hint='latency("300ms", jitter="50ms")',
            )

    @property
    def values(self) -> Mapping[str, int]:
        """In Toxiproxy's words."""
        return {"latency": self.ms, "jitter": self.jitter_ms}

    @property
    def size(self) -> Mapping[str, Any]:
        """Milliseconds."""
        jitter = {"jitter_ms": self.jitter_ms} if self.jitter_ms else {}
        return {"ms": self.ms, **jitter, **self.narrowed}

    def felt(self, attempt: AttemptSeen) -> bool:
        """It took at least as long (one that was given up took less)."""
        floor = self.ms - self.jitter_ms - CLOCKS_MS
        return attempt.duration_ms >= floor or given_up(attempt)
