"""Outcomes that come in bursts.

A test on single outcomes takes each as fresh news. Connection faults, ejection and breakers hit many requests at
once, so a thousand outcomes may hold the news of ten. The remedy is a longer unit: the share of a block of
consecutive outcomes, as long as a burst, is one value in [0, 1], and the test of a bounded mean judges those.
The size of a block has to be chosen from the fault (its period times the rate), not from the outcomes: `bursts`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from chaosmesh.judge.evidence import Evidence

BURSTY = 2.0
"""Blocks that vary this many times as much as independent outcomes would are judged as blocks."""


def block_means(outcomes: Sequence[float], size: int, gap: int = 0) -> list[float]:
    """Means of blocks of `size` outcomes, `gap` of them left out between two; an incomplete last block is left out."""
    if size < 1 or gap < 0:
        raise ValueError(f"a block of {size} outcomes, {gap} between")
    starts = range(0, len(outcomes) - size + 1, size + gap)
    return [math.fsum(outcomes[at : at + size]) / size for at in starts]


def blocks(
    outcomes: Sequence[float], size: int, gap: int = 0, *, high: float = 1.0, low: float = 0.0
) -> Evidence:
    """Evidence from blocks of outcomes in [low, high] (True counts as 1): as many values as there are blocks."""
    means = Evidence.of(block_means(outcomes, size, gap), high=high, low=low)
    return dataclasses.replace(means, block=size)


def dispersion(outcomes: Sequence[float], size: int) -> float:
    """How many times as much blocks vary as they would if the outcomes were independent: about 1 if they are.

    `size` where whole blocks succeed or fail together. Outcomes that are all alike give 1.
    """
    means = block_means(outcomes, size)
    used = outcomes[: len(means) * size]
    if len(means) < 2 or min(used) == max(used):
        return 1.0
    centre = math.fsum(means) / len(means)
    between = math.fsum((mean - centre) ** 2 for mean in means) / (len(means) - 1)
    within = math.fsum((value - centre) ** 2 for value in used) / (len(used) - 1)
    return size * between / within


def bursty(outcomes: Sequence[float], size: int) -> bool:
    """True when outcomes in blocks of `size` come in bursts.

    The allowance for chance is four standard deviations of the dispersion of independent outcomes, so that
    few blocks don't look bursty by luck.
    """
    count = len(outcomes) // size
    return count >= 2 and dispersion(outcomes, size) > max(BURSTY, 1 + 4 * math.sqrt(2 / (count - 1)))
