"""A canary's metric against the stable arm's: two arrays of values, as a metrics store has them.

`pass` has to be proved: that nothing significant was found says little about six values. The line is each value of
the stable arm, with what is tolerated added. The canary fails when its values lie above that line by more than chance
explains, as a whole or at the top; it passes when they lie below it by more than chance explains, and no handful of
them lies beyond everything the stable arm ever had. Ranks decide, so an outlier counts as one value, however large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from chaosmesh.judge import ranks
from chaosmesh.judge.decision import Decision
from chaosmesh.judge.plan import ALPHA
from chaosmesh.judge.verdict import Verdict

Worse = Literal["higher", "lower", "either"]

TOLERATED = 0.25
"""How far above (below) the stable arm a canary may lie, as a share of it."""

UNUSUAL = 0.2
"""A run of extremes that chance gives this seldom withholds a pass; it costs no error, for it fails nothing."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One direction in which a canary may be worse, turned so that worse is higher."""

    word: str
    stable: tuple[float, ...]
    canary: tuple[float, ...]

    @property
    def inside(self) -> float:
        """Chance of lying so far below the line, if it is not below."""
        return ranks.above(self.canary, self.stable)

    @property
    def outside(self) -> float:
        """Chance of lying so far above the line, as a whole or at the top, if it is not above."""
        return min(1.0, 2 * min(ranks.above(self.stable, self.canary), self.extremes[1]))

    @property
    def extremes(self) -> tuple[int, float]:
        """How many of the canary are beyond the whole line, and the chance of that if it is not above."""
        return ranks.top(self.stable, self.canary)


def judge_arms(
    stable: Sequence[float],
    canary: Sequence[float],
    *,
    name: str = "metric",
    worse: Worse = "higher",
    tolerance: float = TOLERATED,
    plus: float = 0.0,
    alpha: float = ALPHA,
    look: int = 1,
) -> Decision:
    """Decide whether a canary's values are no worse than the stable arm's, × (1 + `tolerance`) + `plus`.

    `look`: which look at these growing arrays it is; the k-th spends α/(k·(k+1)), so that all together spend α. The
    decision is about medians: `observed` is the canary's, `bound` the line's, `low` and `high` where the canary lies
    if it is the stable arm moved. Too few values, or a stable arm of zeros and no `plus`, stay `inconclusive`.
    """
    if any(math.isnan(value) for value in (*stable, *canary)):
        raise ValueError(f"{name}: not a number among the values")
    spent = alpha / (look * (look + 1))
    if not stable or not canary:
        empty = "canary" if stable else "stable arm"
        return _decision(name, Verdict.INVALID, stable, canary, math.nan, spent, f"the {empty} has no values")
    sides = _sides(stable, canary, worse, tolerance, plus)
    verdict, why = _verdict(sides, spent)
    line = (1 if sides[0].word == "higher" else -1) * median(sides[0].stable)
    return _decision(name, verdict, stable, canary, line, spent, why)


def _sides(
    stable: Sequence[float], canary: Sequence[float], worse: Worse, tolerance: float, plus: float
) -> list[_Side]:
    found = []
    for word, sign in (("higher", 1), ("lower", -1)):
        if worse in (word, "either"):
            line = tuple(sign * value + tolerance * abs(value) + plus for value in stable)
            found.append(_Side(word, line, tuple(sign * value for value in canary)))
    return found


def _verdict(sides: Sequence[_Side], alpha: float) -> tuple[Verdict, str]:
    off = min(sides, key=lambda side: side.outside)
    if off.outside <= alpha / len(sides):
        return Verdict.FAIL, f"{off.word} than tolerated by more than chance explains"
    strange = min(sides, key=lambda side: side.extremes[1])
    count, chance = strange.extremes
    if chance <= UNUSUAL:
        return Verdict.INCONCLUSIVE, f"{count} of the canary's are {strange.word} than all the stable arm's"
    doubtful = max(sides, key=lambda side: side.inside)
    if doubtful.inside <= alpha:
        return Verdict.PASS, "within what is tolerated"
    return Verdict.INCONCLUSIVE, f"too few values, or too scattered, to know that it isn't {doubtful.word}"


def _decision(
    name: str,
    verdict: Verdict,
    stable: Sequence[float],
    canary: Sequence[float],
    line: float,
    alpha: float,
    why: str,
) -> Decision:
    text = f"{name}: {why}"
    low, high = -math.inf, math.inf
    if verdict is not Verdict.INVALID:
        level = median(stable)
        low, high = (level + end for end in ranks.shift(stable, canary, alpha))
        seen = f"canary's median {median(canary):.4g} of {len(canary)}"
        text += f" ({seen} against {level:.4g} of {len(stable)}, line {line:.4g}; surely {_range(low, high)})"
    return Decision(
        name=name,
        verdict=verdict,
        n=len(canary),
        k=math.fsum(canary),
        observed=median(canary) if canary else None,
        low=low,
        high=high,
        bound=line,
        alpha=alpha,
        log_evidence=0.0,
        log_needed=math.log(1 / alpha),
        reason=text,
        unit="values",
    )


def _range(low: float, high: float) -> str:
    return "anywhere" if math.isinf(low) else f"between {low:.4g} and {high:.4g}"
