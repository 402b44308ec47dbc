"""What sequential tests share: two bets side by side, and the line that one of them has to cross."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from chaosmesh.judge.ladder import Counts
from chaosmesh.judge.verdict import Verdict


class Bets(ABC):
    """A bet for `pass` and one for `fail`; each is wrong with a chance of at most `alpha` over its whole life."""

    __slots__ = ()

    alpha: float

    @abstractmethod
    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence for `pass` and for `fail`."""

    @property
    def needed(self) -> float:
        """The logarithm of the evidence at which a verdict falls: ln(1/α)."""
        return math.log(1 / self.alpha)

    def verdict(self, counts: Counts) -> Verdict:
        """`pass`, `fail` or `inconclusive`. Where both are proved the stronger evidence counts."""
        kept, broken = self.logs(counts)
        if max(kept, broken) < self.needed:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if kept >= broken else Verdict.FAIL
