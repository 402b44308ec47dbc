"""A histogram that takes many values at little cost."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Histogram:
    """Counts by bucket: values up to each of the rising `bounds`, and those above the last."""

    bounds: Sequence[float]
    total: float = 0.0
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """One value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def beyond(self, value: float) -> None:
        """One that has no end: above every bound, and `value` in the sum."""
        self.counts[-1] += 1
        self.total += value
