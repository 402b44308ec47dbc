"""A predicted number, and the interval in which a run of a given length shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

BATCHES: Final = 20
WARM_UP: Final = 0.05

SURE: Final = 3.88
"""Student's t for 19 degrees of freedom: 99.9 % of the runs lie within so many standard errors on either side."""


class Figure(float):
    """A predicted value that is a number like any other. `low` and `high`: where 999 of 1,000 runs are that do what the
    policy says."""

    low: float
    high: float

    def __new__(cls, value: float, low: float | None = None, high: float | None = None) -> Figure:
        made = super().__new__(cls, value)
        made.low = float(value if low is None else low)
        made.high = float(value if high is None else high)
        return made

    def holds(self, seen: float) -> bool:
        """Whether what was seen lies within it."""
        return self.low <= seen <= self.high

    def around(self, value: float) -> Figure:
        """The same interval about a value that is known better."""
        return Figure(value, min(value, self.low), max(value, self.high))

    def __repr__(self) -> str:
        return f"{float(self):.4g} ({self.low:.4g} to {self.high:.4g})"


def mean(values: Sequence[float], seen: int, *, low: float = -math.inf, high: float = math.inf) -> Figure:
    """The mean of values in the order of time, and where the mean of `seen` such values lies.

    By batch means: neighbours in time are not independent where something queues or is refused. Shares (values of 0
    and 1) never get an interval of no width.
    """
    kept = _settled(values)
    if not kept.size:
        return Figure(math.nan)
    value = float(kept.mean())
    error = SURE * math.sqrt(_variance(kept) * (1 / max(seen, 1) + 1 / kept.size))
    return Figure(value, max(low, value - error), min(high, value + error))


def share(values: Sequence[bool], seen: int) -> Figure:
    """A share of yes, with its interval."""
    return mean([float(one) for one in values], seen, low=0.0, high=1.0)


def quantile(values: Sequence[float], of: float, seen: int) -> Figure:
    """The value that a share `of` stays within. The interval goes from rank to rank, so it needs no law."""
    kept = _settled(values)
    if not kept.size:
        return Figure(math.nan)
    value = float(np.quantile(kept, of, method="inverted_cdf"))
    variance = max(_variance((kept <= value).astype(float)), of * (1 - of))
    error = SURE * math.sqrt(variance * (1 / max(seen, 1) + 1 / kept.size))
    ranks = [min(max(of + side * error, 0.0), 1.0) for side in (-1, 1)]
    low, high = (float(np.quantile(kept, one, method="inverted_cdf")) for one in ranks)
    return Figure(value, low, high)


def _settled(values: Sequence[float]) -> np.ndarray:
    """Without the first ones, which met an empty system."""
    found = np.asarray(values, dtype=float)
    return found[int(found.size * WARM_UP) :]


def _variance(values: np.ndarray) -> float:
    """Of one value, with what its neighbours add to it."""
    size = values.size // BATCHES
    if size < 2:
        return float(values.var()) + 1 / max(values.size, 1)
    batches = values[: size * BATCHES].reshape(BATCHES, size).mean(axis=1)
    # Values that hardly differ still differ somewhere among many more of them.
    return max(float(batches.var(ddof=1)) * size, float(values.var()), 1 / values.size)
