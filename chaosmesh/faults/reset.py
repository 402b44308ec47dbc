"""Every open connection of an edge is cut once a period; new ones work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen, Dose, Effect, Site
from chaosmesh.faults.connections import LONGEST_MS, OnConnections, between, broken

SHORTEST_MS = 50
"""A cut of a large edge takes some 10 ms: what is shorter would be one long cut."""


@dataclass(frozen=True, slots=True)
class Reset(OnConnections):
    """All connections end at once when it begins and every `every_ms` after; `cuts` are the times (epoch ns)."""

    every_ms: int = 1000
    cuts: list[int] = field(default_factory=list, compare=False, repr=False)
    kind: ClassVar[str] = "reset"

    def __post_init__(self) -> None:
        between("reset", "the period in ms", self.every_ms, SHORTEST_MS, LONGEST_MS, 'reset(every="1s")')

    @property
    def values(self) -> Mapping[str, int]:
        """The period."""
        return {"every_ms": self.every_ms}

    async def apply(self, site: Site) -> None:
        """The first cut, and a clock for those that follow."""
        effect = Effect(self.kind, self.values)
        await site.impair(self.id, self.scope, effect, self.cuts.append)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """Cuts while the edge was in use. Few attempts are on their way when a cut comes, so those that broke are no
        measure of it; until a cut is due, nothing is expected."""
        mine = self.mine(attempts)
        if not mine:
            return Dose(0, 0, 1.0, "cut")
        first = min(one.start_ns for one in mine)
        last = max(one.start_ns + round(one.duration_ms * 1e6) for one in mine)
        cuts = sum(first <= one <= last for one in self.cuts)
        lost = sum(map(broken, mine))
        due = last - first > 2e6 * self.every_ms
        return Dose(len(mine), cuts, float(due), "cut", f"{lost:,} of {len(mine):,} attempts broke")
