"""Everything that comes back over an edge's connections is held back (Toxiproxy's latency toxic)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import AttemptSeen, Dose, Site


@dataclass(frozen=True, slots=True)
class Latency:
    """`ms` more on each answer, ± `jitter_ms`."""

    id: str
    edge: tuple[str, str]
    ms: int
    jitter_ms: int = 0
    kind: str = "latency"

    def __post_init__(self) -> None:
        if self.ms <= 0:
            raise UsageError(f"latency must be above 0 ms (got {self.ms})", hint='latency("300ms")')
        if not 0 <= self.jitter_ms <= self.ms:
            raise UsageError(
                f"jitter must lie between 0 and the latency of {self.ms} ms (got {self.jitter_ms})"
            )

    @property
    def size(self) -> Mapping[str, Any]:
        """Milliseconds."""
        return {"ms": self.ms, "jitter_ms": self.jitter_ms} if self.jitter_ms else {"ms": self.ms}

    async def apply(self, site: Site) -> None:
        """One toxic for each proxy of the edge."""
        attributes = {"latency": self.ms, "jitter": self.jitter_ms}
        for proxy in site.edge_proxies(*self.edge):
            await site.toxic(self.id, proxy, "latency", attributes)

    async def heal(self, site: Site) -> None:
        """All toxics off."""
        for proxy in site.edge_proxies(*self.edge):
            await site.untoxic(self.id, proxy)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """An attempt met it if it took at least as long (a cut-off attempt took less: then by its flag)."""
        floor = self.ms - self.jitter_ms
        hit = sum(a.duration_ms >= floor or "UT" in a.flags for a in attempts)
        return Dose(len(attempts), hit, 1.0)
