"""What a sequential test does on all paths at once: its boundaries, exact error rates and mean lengths."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chaosmesh.judge import MeanTest

Ints = NDArray[np.int64]


@cache
def boundaries(test: MeanTest, longest: int) -> tuple[Ints, Ints]:
    """For every n from 1 on: the fewest successes that pass and the most that fail "at least" (n + 1, −1: none).

    One success more never weakens the evidence for `pass`, so each boundary is followed step by step.
    """
    assert test.side == "at_least"
    passes, fails = np.empty(longest, np.int64), np.empty(longest, np.int64)
    k_pass, misses = 0, 0
    for n in range(1, longest + 1):
        while k_pass <= n and test.kept(_counts(n, k_pass)) < test.needed:
            k_pass += 1
        while misses <= n and test.broken(_counts(n, n - misses)) < test.needed:
            misses += 1
        passes[n - 1], fails[n - 1] = k_pass, n - misses
    return passes, fails


@cache
def fails_at(test: MeanTest, looks: tuple[int, ...]) -> Ints:
    """The most successes that fail "at least" after so many outcomes each (−1: none)."""
    assert test.side == "at_least"
    return np.array(
        [
            bisect_left(range(n + 1), True, key=lambda k: test.broken(_counts(n, k)) < test.needed) - 1
            for n in looks
        ]
    )


def _counts(n: int, k: int) -> list[tuple[float, float]]:
    return [(0.0, n - k), (1.0, k)]


@dataclass(frozen=True)
class Fate:
    """Chances of each end within so many outcomes when looked at after every one, and the mean length."""

    passed: float
    failed: float
    mean_n: float

    @property
    def undecided(self) -> float:
        return 1 - self.passed - self.failed


def fate(test: MeanTest, truth: float, longest: int, every: int = 1) -> Fate:
    """Exact, by following the chance of every undecided count. `every`: looks only after so many outcomes."""
    passes, fails = boundaries(test, longest)
    alive = np.ones(1)  # alive[i]: chance of i + base successes, not decided yet
    base, passed, failed, mean_n = 0, 0.0, 0.0, 0.0
    for n in range(1, longest + 1):
        mean_n += float(alive.sum())
        alive = np.append(alive * (1 - truth), 0.0) + np.append(0.0, alive * truth)
        if n % every:
            continue
        top, low = passes[n - 1] - base, fails[n - 1] + 1 - base
        passed += float(alive[max(top, 0) :].sum())
        failed += float(alive[: max(low, 0)].sum())
        alive = alive[max(low, 0) : max(top, 0)]
        base += max(low, 0)
        if not alive.size:
            break
    return Fate(passed, failed, mean_n)


def divergence(truth: float, bound: float) -> float:
    """Kullback–Leibler divergence of two shares, in nats an outcome."""
    parts = ((truth, bound), (1 - truth, 1 - bound))
    return math.fsum(p * math.log(p / q) for p, q in parts if p > 0)
