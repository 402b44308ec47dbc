"""How many requests a verdict will take, told before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from chaosmesh.judge.ladder import Counts
from chaosmesh.judge.share import MeanTest, Side

ALPHA = 1e-4
"""Chance of a wrong verdict that one claim may spend: room for 100 claims in a run's 0.01."""

ASTRAY = 0.5
"""Standard deviations by which a share that is as asked strays while its interval narrows."""

_NEVER = 1e9


class Sequential(Protocol):
    """A sequential test of counts in [0, 1]."""

    @property
    def needed(self) -> float:
        """The logarithm of the evidence at which a verdict falls."""

    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence for `pass` and for `fail`."""


def planned_n(
    bound: float, truth: float, alpha: float = ALPHA, *, margin: float = 0.0, side: Side = "at_least"
) -> int | None:
    """Number of requests after which a claim about a share is decided on average, if `truth` is the share.

    None when it would take for ever (the truth is at the bound).
    """
    test = MeanTest(side, bound, alpha, margin)
    return planned(test, [(0.0, 1 - truth), (1.0, truth)])


def planned(test: Sequential, distribution: Counts) -> int | None:
    """The same for any test and any values in [0, 1]; `distribution` gives each value's share."""
    return first(lambda n: max(test.logs(scaled(distribution, n))) >= test.needed)


def strayed(share: float, n: float) -> tuple[float, float]:
    """Where the observed share lies when it strays as usual, to either side.

    A band is left only once the share, straying, is surely within it: its plan looks at both.
    """
    far = ASTRAY * math.sqrt(share * (1 - share) / n)
    return max(0.0, share - far), min(1.0, share + far)


def scaled(distribution: Counts, n: float) -> list[tuple[float, float]]:
    """The counts that `n` values have on average."""
    return [(value, share * n) for value, share in distribution]


def first(reached: Callable[[float], bool]) -> int | None:
    """The smallest number of values at which a growing condition holds; None when it never does."""
    low, high = 0.0, 1.0
    while not reached(high):
        low, high = high, high * 2
        if high > _NEVER:
            return None
    while high - low > max(0.5, 1e-4 * high):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return math.ceil(high)
