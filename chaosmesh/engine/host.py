"""Whether the host gave us the time that a measurement needs."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.runtime import Keeper, Ticks

LATE_SHARE = 0.01
"""Share of the keeper's 10 ms ticks that may come more than 50 ms late."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The keeper's ticks over a span; `starved` says why the span can't be trusted, if so."""

    keeper: Keeper
    begin: Ticks

    @classmethod
    async def start(cls, keeper: Keeper) -> Watch:
        """From now."""
        return cls(keeper, await keeper.ticks())

    async def starved(self) -> str | None:
        """Up to now."""
        now = await self.keeper.ticks()
        total, late = now.total - self.begin.total, now.late - self.begin.late
        if total and late / total > LATE_SHARE:
            return f"the host starved: {late} of {total} ticks came more than 50 ms late"
        return None
