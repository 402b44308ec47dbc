"""The sequential test of "around": does a share or a mean lie within a bound ± a tolerance?

Three hypotheses are bet against: the truth is below the band, above it, inside it. `pass` takes the first two, each
refuted at α (only one of them can be true, so α is what the pass may err with); `fail` takes the third, refuted from
either end at α/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chaosmesh.judge.bets import Bets
from chaosmesh.judge.ladder import Counts, log_evidence, mirrored
from chaosmesh.judge.plan import first, strayed


@dataclass(frozen=True, slots=True)
class NearTest(Bets):
    """Is a share (or a mean, brought to [0, 1]) within `bound` ± `tolerance`?

    With a `margin` the claim counts as broken only that much beyond the band. An end of the band at or beyond 0 or 1
    can't be left, and is not tested. `binary`: the bets for `pass` know that the truth is likely `bound` itself.
    """

    bound: float
    tolerance: float
    alpha: float
    margin: float = 0.0
    binary: bool = True

    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence for `pass` and, halved for its two ends, for `fail`."""
        inside = min(self._above(counts, self.bound), self._above(mirrored(counts), 1 - self.bound))
        return inside, max(self._below(counts, self.bound), self._below(mirrored(counts), 1 - self.bound)) - (
            math.log(2)
        )

    def planned(self, truth: float) -> int | None:
        """Outcomes after which it is decided on average, if `truth` is the share; None if it takes for ever."""
        return first(
            lambda n: all(
                max(self.logs([(0.0, (1 - end) * n), (1.0, end * n)])) >= self.needed
                for end in strayed(truth, n)
            )
        )

    def _above(self, counts: Counts, bound: float) -> float:
        end = bound - self.tolerance - self.margin
        return log_evidence(counts, end, aim=bound if self.binary else None) if end > 0 else math.inf

    def _below(self, counts: Counts, bound: float) -> float:
        end = 1 - (bound - self.tolerance)
        return log_evidence(mirrored(counts), end) if end < 1 else 0.0
