"""Exact chances of a rank sum: how far up in the joint order one of two samples lies if they are alike.

If the two samples are alike, every choice of n of the N values is as likely to be the second sample. The sums of
their ranks (Wilcoxon 1945; Mann & Whitney 1947) are counted exactly, ties included, by a polynomial whose
coefficients are the number of choices with each sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, takewhile
from statistics import NormalDist

LARGEST = 60
"""Values up to which the chances are counted; beyond, the normal curve with its correction for ties is exact enough."""


def above(first: Sequence[float], second: Sequence[float]) -> float:
    """Chance that `second` lies as far above `first` as it does, or farther, if they are alike."""
    ranks = _doubled_ranks([*first, *second])
    seen, n = sum(ranks[len(first) :]), len(second)
    if len(ranks) > LARGEST:
        return _normal(ranks, n, seen)
    counts = _sums(tuple(sorted(ranks)), n)
    return sum(counts[seen:]) / math.comb(len(ranks), n)


def top(first: Sequence[float], second: Sequence[float]) -> tuple[int, float]:
    """How many of `second` are above everything in `first`, and the chance of as many if they are alike."""
    highest = max(first)
    count = sum(value > highest for value in second)
    n, size = len(first) + len(second), len(second)
    return count, math.comb(n - count, size - count) / math.comb(n, size)


def shift(first: Sequence[float], second: Sequence[float], alpha: float) -> tuple[float, float]:
    """By how much `second` lies above `first`, if it is `first` moved (Hodges & Lehmann 1963).

    Each end errs with a chance of at most `alpha`; infinite where there are too few values for that.
    """
    gaps = sorted(after - before for before in first for after in second)
    outside = _refuted(len(first), len(second), alpha)
    if not outside:
        return -math.inf, math.inf
    return gaps[outside - 1], gaps[-outside]


def _refuted(before: int, after: int, alpha: float) -> int:
    """How many pairs may be the wrong way round, less one, when a shift is refuted at `alpha`."""
    ranks = tuple(range(2, 2 * (before + after) + 1, 2))
    lowest = after * (after + 1)
    if len(ranks) > LARGEST:
        deviation = math.sqrt(before * after * (before + after + 1) / 12)
        return max(0, math.floor(before * after / 2 - NormalDist().inv_cdf(1 - alpha) * deviation))
    counts, all_of_them = _sums(ranks, after)[lowest::2], math.comb(len(ranks), after)
    chances = accumulate(counts)
    return sum(1 for _ in takewhile(lambda chance: chance <= alpha * all_of_them, chances))


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value, ties in the middle: whole numbers."""
    ordered = sorted(values)
    lowest: dict[float, int] = {}
    highest: dict[float, int] = {}
    for index, value in enumerate(ordered, start=1):
        lowest.setdefault(value, index)
        highest[value] = index
    return [lowest[value] + highest[value] for value in values]


@lru_cache(maxsize=8)
def _sums(ranks: tuple[int, ...], n: int) -> list[int]:
    """How many choices of `n` ranks have each sum, from 0 on.

    A polynomial is one long integer with a slot of equal width for each coefficient, wide enough for all choices.
    """
    width = 8 * (len(ranks) // 8 + 1)
    chosen = [1] + [0] * n
    for index, rank in enumerate(ranks, start=1):
        for size in range(min(n, index), 0, -1):
            chosen[size] += chosen[size - 1] << (rank * width)
    step = width // 8
    raw = chosen[n].to_bytes((sum(ranks) + 1) * step, "little")
    return [int.from_bytes(raw[at : at + step], "little") for at in range(0, len(raw), step)]


def _normal(ranks: Sequence[int], n: int, seen: int) -> float:
    size = len(ranks)
    mean = math.fsum(ranks) / size
    spread = math.fsum((rank - mean) ** 2 for rank in ranks) / (size - 1)
    deviation = math.sqrt(n * (size - n) / size * spread)
    if not deviation:
        return 1.0
    return 0.5 * math.erfc((seen - 1 - n * mean) / deviation / math.sqrt(2))
