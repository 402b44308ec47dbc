"""How far two shares lie apart, from two samples that may have ended whenever somebody liked what he saw.

Both runs of a comparison end each cell as soon as it is decided, so methods for samples of a fixed size (Newcombe 1998,
Agresti and Caffo 2000) promise too much here. The evidence against "the shares differ by d" is what both samples were worth
under a law that learns as it goes (Krichevsky and Trofimov 1981: beta(½, ½) for each), divided by the most that any pair of
shares d apart makes of them. That is an e-process by universal inference (Wasserman, Ramdas, Balakrishnan, PNAS 117, 2020;
for two samples Turner and Grünwald, "Exact anytime-valid confidence intervals for contingency tables and beyond", Statistics &
Probability Letters 198, 2023): it passes 1/α with a chance of at most α, however the two samples were ended. All d it does not
pass for are the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chaosmesh.judge.nights import Count

_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """Share of the second sample less that of the first, and where it surely lies (chance of error at most `alpha`)."""

    estimate: float
    low: float
    high: float
    alpha: float

    @property
    def down(self) -> bool:
        """Whether the second share is surely the smaller one."""
        return self.high < 0

    @property
    def up(self) -> bool:
        """Whether the second share is surely the larger one."""
        return self.low > 0

    def within(self, margin: float) -> bool:
        """Whether the shares surely differ by no more than this."""
        return -margin <= self.low and self.high <= margin


def difference(first: Count, second: Count, alpha: float) -> Difference:
    """ValueError where nothing was counted on a side."""
    if not first.n or not second.n:
        raise ValueError("nothing was counted")
    line = learned(first) + learned(second) - math.log(1 / alpha)
    middle = second.share - first.share
    low = _end(first, second, middle, -1.0, line)
    high = _end(first, second, middle, 1.0, line)
    return Difference(middle, low, high, alpha)


def learned(one: Count) -> float:
    """Log likelihood of a sample, one outcome after another, under a law that learns from those before."""
    k, rest = one.k, one.n - one.k
    return math.lgamma(k + 0.5) + math.lgamma(rest + 0.5) - math.lgamma(one.n + 1) - math.log(math.pi)


def most_likely(first: Count, second: Count, apart: float) -> float:
    """The largest log likelihood of both samples when the second share is the first plus `apart`."""
    low, high = max(0.0, -apart), min(1.0, 1.0 - apart)
    # the log likelihood is concave in the first share: its slope falls through 0 once
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _slope(first, middle) + _slope(second, middle + apart) > 0:
            low = middle
        else:
            high = middle
    share = (low + high) / 2
    return _log(first, share) + _log(second, share + apart)


def _end(first: Count, second: Count, inside: float, outside: float, line: float) -> float:
    """Where the evidence reaches the line on the way from the difference that was seen to the largest there can be."""
    if most_likely(first, second, outside) >= line:
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if most_likely(first, second, middle) >= line:
            inside = middle
        else:
            outside = middle
    return outside


def _log(one: Count, share: float) -> float:
    good = one.k * math.log(share) if share > 0 else (-math.inf if one.k else 0.0)
    bad = (one.n - one.k) * math.log1p(-share) if share < 1 else (-math.inf if one.n - one.k else 0.0)
    return good + bad


def _slope(one: Count, share: float) -> float:
    """Derivative of the log likelihood; infinite at an end that the sample excludes."""
    good = (one.k / share if share > 0 else math.inf) if one.k else 0.0
    rest = one.n - one.k
    return good - ((rest / (1 - share) if share < 1 else math.inf) if rest else 0.0)
