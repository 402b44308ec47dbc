"""The sequential test of a share or of a bounded mean, and the interval that belongs to it.

Two bets run side by side, one against "the claim is broken", one against "the claim is kept". Each alone is wrong
with a chance of at most α over the whole life of the test, however often it is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.ladder import Counts, log_evidence, mirrored
from chaosmesh.judge.verdict import Verdict

Side = Literal["at_least", "at_most"]

_HALVINGS = 50  # an interval's ends to 1e-15 of its range


@dataclass(frozen=True, slots=True)
class MeanTest:
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

    @property
    def needed(self) -> float:
        """The logarithm of the evidence at which a verdict falls: ln(1/α)."""
        return math.log(1 / self.alpha)

    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence for `pass` and for `fail`."""
        if self.side == "at_most":
            return self._at_least(mirrored(counts), 1 - self.bound)
        return self._at_least(counts, self.bound)

    def verdict(self, counts: Counts) -> Verdict:
        """`pass`, `fail` or `inconclusive`. Where both are proved the stronger evidence counts."""
        kept, broken = self.logs(counts)
        if max(kept, broken) < self.needed:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if kept >= broken else Verdict.FAIL

    def _at_least(self, counts: Counts, good: float) -> tuple[float, float]:
        bad = good - self.margin
        aimed = self.margin > 0 and self.binary
        kept = log_evidence(counts, bad, aim=good if aimed else None)
        broken = log_evidence(mirrored(counts), 1 - good, aim=1 - bad if aimed else None)
        return kept, broken


def interval(n: int, k: int, alpha: float) -> tuple[float, float]:
    """Where the share lies when `k` of `n` outcomes were as wanted.

    All such intervals of one run hold the true share at once with a chance of at least 1 − `alpha`.
    """
    return interval_of(Evidence.share(n, k), alpha)


def interval_of(evidence: Evidence, alpha: float) -> tuple[float, float]:
    """Where the mean lies, in the unit of the values; the same promise as `interval`.

    Its lower end is at least b exactly when the test of "at least b" with α/2 says `pass`.
    """
    if not evidence.n:
        return evidence.low, evidence.high
    counts, needed = evidence.unit, math.log(2 / alpha)
    low = _refuted_below(counts, needed)
    high = 1 - _refuted_below(mirrored(counts), needed)
    return evidence.from_unit(low), evidence.from_unit(high)


def _refuted_below(counts: Counts, needed: float) -> float:
    refuted, open_ = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (refuted + open_) / 2
        if log_evidence(counts, middle) >= needed:
            refuted = middle
        else:
            open_ = middle
    return refuted
