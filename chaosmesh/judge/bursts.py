"""Whether outcomes are judged one by one or in blocks: decided from the faults, before anything is seen.

A share is learned from fresh pieces of luck. Where every request draws its own, each request is one; where a piece of
luck lasts, all that it touches together are one, and a test that counts each of them is far too sure. So outcomes are
taken in blocks as long as a piece of luck lasts, and as many are left out between two blocks, so that none reaches
into both: the blocks are then independent, and their means are what the test of a bounded mean judges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.judge.blocks import block_means, blocks
from chaosmesh.judge.evidence import Evidence

Luck = Literal["request", "flight", "connection", "state"]
"""What draws it: each request; what is under way at once; a connection for its life; nothing (it is so, or it isn't)."""

ANSWER_S = 0.02
"""Seconds that requests are under way, where nobody says better."""

LIFE_S = 1.0
"""Seconds that a connection lives, where nobody says better."""

_LUCK: Mapping[str, Luck] = {
    **dict.fromkeys(("errors", "delay", "latency", "bandwidth", "slicer"), "request"),
    **dict.fromkeys(("reset", "timeout", "slow_close", "limit_data", "overload", "busy_neighbour"), "flight"),
}
"""Everything else (down, crash, hang, …) is a state."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Blocks of `size` outcomes with `gap` left out between two; 1 and 0: each outcome by itself. `why`, in words."""

    size: int
    gap: int
    why: str

    @property
    def in_blocks(self) -> bool:
        """True when the unit is the block."""
        return self.size > 1

    def means(self, outcomes: Sequence[float]) -> list[float]:
        """The values that are judged: the outcomes themselves, or the means of their blocks."""
        return block_means(outcomes, self.size, self.gap) if self.in_blocks else list(outcomes)

    def thinned(self, values: Sequence[float]) -> Sequence[float]:
        """One value of each block, where a mean would say nothing (a quantile)."""
        return values[:: self.size + self.gap]

    def evidence(self, outcomes: Sequence[float], *, high: float = 1.0, low: float = 0.0) -> Evidence:
        """What outcomes in the order of time (True counts as 1) say, counted like this.

        Shares have 0 and 1 alone and limits 0 and 1.
        """
        if self.in_blocks:
            return blocks(outcomes, self.size, self.gap, high=high, low=low)
        if (low, high) == (0.0, 1.0):
            return Evidence.share(len(outcomes), round(math.fsum(outcomes)))
        return Evidence.of(map(float, outcomes), high=high, low=low)


ONE_BY_ONE = Counting(1, 0, "every request draws its own luck")


def luck_of(kind: str, size: Mapping[str, Any]) -> Luck:
    """What draws the luck of a fault, by its kind and the dose that was asked for.

    A toxicity below 1 is drawn once a connection, and so is all that its requests meet.
    """
    if size.get("toxicity", 1) < 1:
        return "connection"
    return _LUCK.get(kind, "state")


def counting(
    faults: Iterable[tuple[str, Mapping[str, Any]]],
    rate: float,
    *,
    answer_s: float = ANSWER_S,
    life_s: float = LIFE_S,
    ejection_s: float | None = None,
) -> Counting:
    """How outcomes are counted under faults (kind and size of each) at `rate` outcomes a second.

    `answer_s`: how long a request is usually under way on the edge; `life_s`: how long a connection lives.
    `ejection_s`: interval and ejection time together, where the edge ejects: failures by chance then decide who
    is ejected, and that lasts. The longest piece of luck counts.
    """
    lasting = [(0.0, ONE_BY_ONE.why)]
    for kind, size in faults:
        luck = luck_of(kind, size)
        if luck == "flight":
            lasting.append((answer_s, f"{kind} hits all requests that are under way at once"))
        if luck == "connection":
            lasting.append((life_s, f"{kind} is drawn once a connection"))
        by_chance = luck == "connection" or 0 < size.get("share", 1) < 1
        if ejection_s and by_chance:
            lasting.append((ejection_s, f"{kind} by chance decides who is ejected, and that lasts"))
    seconds, why = max(lasting)
    together = math.ceil(seconds * rate)
    return Counting(together, together, why) if together > 1 else ONE_BY_ONE
