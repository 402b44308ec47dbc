"""The sequential test of a share or of a bounded mean, and the interval that belongs to it.

Two bets run side by side, one against "the claim is broken", one against "the claim is kept". Each alone is wrong
with a chance of at most α over the whole life of the test, however often it is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from chaosmesh.judge.bets import Bets
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.ladder import Counts, log_evidence, mirrored

Side = Literal["at_least", "at_most"]

Aims = tuple[float | None, float | None]
"""Values for which the lower and the upper end of an interval shall be sharpest."""

_HALVINGS = 40  # an interval's ends to 1e-12 of its range


@dataclass(frozen=True, slots=True)
class MeanTest(Bets):
    """Is a share (or a mean, brought to [0, 1]) at least or at most `bound`?

    With a `margin` the claim counts as broken only beyond it: at `bound` and on the good side of it `fail` has
    a chance of at most α, from `bound` − `margin` (at most: +) on the bad side `pass` has; between the two
    either answer is right. Without a margin both are the same value.
    """

    side: Side
    bound: float
    alpha: float
    margin: float = 0.0
    binary: bool = True

    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence for `pass` and for `fail`."""
        return self.kept(counts), self.broken(counts)

    def kept(self, counts: Counts) -> float:
        """Logarithm of the evidence for `pass`."""
        good, upwards = self._upwards(counts)
        return log_evidence(upwards, good - self.margin, aim=good if self.aimed else None)

    def broken(self, counts: Counts) -> float:
        """Logarithm of the evidence for `fail`."""
        good, upwards = self._upwards(counts)
        bad = good - self.margin
        return log_evidence(mirrored(upwards), 1 - good, aim=1 - bad if self.aimed else None)

    @property
    def aims(self) -> Aims:
        """Where a margin wants the ends of the interval to be sharpest, in the unit of `bound`."""
        if not self.aimed:
            return None, None
        if self.side == "at_least":
            return self.bound, self.bound - self.margin
        return self.bound + self.margin, self.bound

    @property
    def aimed(self) -> bool:
        """True when the bets know the alternative: a share with a margin."""
        return self.margin > 0 and self.binary

    def _upwards(self, counts: Counts) -> tuple[float, Counts]:
        """The bound and the counts, turned so that the claim is "at least"."""
        if self.side == "at_most":
            return 1 - self.bound, mirrored(counts)
        return self.bound, counts


def interval(n: int, k: int, alpha: float) -> tuple[float, float]:
    """Where the share lies when `k` of `n` outcomes were as wanted.

    All such intervals of one run hold the true share at once with a chance of at least 1 − `alpha`.
    """
    return interval_of(Evidence.share(n, k), alpha)


def interval_of(evidence: Evidence, alpha: float, aims: Aims = (None, None)) -> tuple[float, float]:
    """Where the mean lies, in the unit of the values; the same promise as `interval`.

    `aims`: the values of the mean for which the lower and the upper end shall be sharpest, chosen beforehand.
    The lower end is at least b exactly when the test of "at least b" with α/2 and the same aim says `pass`.
    """
    if not evidence.n:
        return evidence.low, evidence.high
    counts, needed, mean = evidence.unit, math.log(2 / alpha), evidence.to_unit(evidence.mean)
    lower, upper = (None if aim is None else evidence.to_unit(aim) for aim in aims)
    low = _refuted_below(counts, mean, needed, lower)
    high = 1 - _refuted_below(mirrored(counts), 1 - mean, needed, None if upper is None else 1 - upper)
    return evidence.from_unit(low), evidence.from_unit(high)


def _refuted_below(counts: Counts, mean: float, needed: float, aim: float | None) -> float:
    # Below the observed mean the evidence falls all the way, so halving finds the one place where it suffices.
    refuted, open_ = 0.0, mean
    for _ in range(_HALVINGS):
        middle = (refuted + open_) / 2
        if log_evidence(counts, middle, aim=aim) >= needed:
            refuted = middle
        else:
            open_ = middle
    return refuted
