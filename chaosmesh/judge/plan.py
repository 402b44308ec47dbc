"""How many requests a verdict will take, told before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable

from chaosmesh.judge.ladder import Counts
from chaosmesh.judge.share import MeanTest, Side

ALPHA = 1e-4
"""Chance of a wrong verdict that one claim may spend: room for 100 claims in a run's 0.01."""

_NEVER = 1e9


def planned_n(
    bound: float, truth: float, alpha: float = ALPHA, *, margin: float = 0.0, side: Side = "at_least"
) -> int | None:
    """Number of requests after which a claim about a share is decided on average, if `truth` is the share.

    None when it would take for ever (the truth is at the bound).
    """
    test = MeanTest(side, bound, alpha, margin)
    return planned(test, [(0.0, 1 - truth), (1.0, truth)])


def planned(test: MeanTest, distribution: Counts) -> int | None:
    """The same for any values in [0, 1]; `distribution` gives each value's share."""
    return first(lambda n: max(test.logs(scaled(distribution, n))) >= test.needed)


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
