"""What was counted, as a verdict needs it: how often each value came."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of values that can't leave [low, high].

    The limits are known before anything is measured (a share: 0 and 1; attempts of a call: 0 and what the
    policy allows). `values` is sorted, each value once. Two pieces of evidence add up, which is how a rerun
    continues the first run. `binary`: every value is 0 or 1, as in a share. `block`: how many outcomes each value
    is the mean of.
    """

    values: tuple[tuple[float, int], ...]
    low: float = 0.0
    high: float = 1.0
    binary: bool = False
    block: int = 1

    @classmethod
    def share(cls, n: int, k: int) -> Evidence:
        """`k` of `n` outcomes were as wanted."""
        if not 0 <= k <= n:
            raise ValueError(f"{k} of {n} outcomes")
        return cls(((0.0, n - k), (1.0, k)), binary=True)

    @classmethod
    def counted(cls, counts: Mapping[float, int], *, high: float, low: float = 0.0) -> Evidence:
        """How often each value came, for example attempts per call: ``{1: 700, 2: 210, 3: 90}``."""
        if not low < high:
            raise ValueError(f"no room between {low} and {high}")
        return cls(tuple(sorted((float(v), often) for v, often in counts.items() if often)), low, high)

    @classmethod
    def of(cls, values: Iterable[float], *, high: float = 1.0, low: float = 0.0) -> Evidence:
        """The values themselves, for example the shares of success of blocks of requests."""
        return cls.counted(Counter(values), high=high, low=low)

    def __add__(self, other: Evidence) -> Evidence:
        kinds = ((one.low, one.high, one.binary, one.block) for one in (self, other))
        if len(set(kinds)) > 1:
            raise ValueError("evidence about different things does not add up")
        both = Counter(dict(self.values))
        both.update(dict(other.values))
        return Evidence(tuple(sorted(both.items())), self.low, self.high, self.binary, self.block)

    @property
    def n(self) -> int:
        """Number of values."""
        return sum(often for _, often in self.values)

    @property
    def k(self) -> float:
        """Sum of the values; for a share the number of outcomes that were as wanted."""
        return math.fsum(value * often for value, often in self.values)

    @property
    def mean(self) -> float:
        """Mean of the values; for a share the share. Not a number when nothing was counted."""
        return self.k / self.n if self.n else math.nan

    @property
    def outside(self) -> tuple[float, ...]:
        """Values that came although the limits exclude them."""
        return tuple(v for v, often in self.values if often and not self.low <= v <= self.high)

    @property
    def unit(self) -> list[tuple[float, float]]:
        """The counts with the values brought to [0, 1]."""
        return [(self.to_unit(value), often) for value, often in self.values]

    def to_unit(self, value: float) -> float:
        """Where a value lies between the limits, as a share of the way."""
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, share: float) -> float:
        """The opposite of `to_unit`."""
        return self.low + share * (self.high - self.low)
