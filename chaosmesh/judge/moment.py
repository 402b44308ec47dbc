"""Moments: when something happened in this run, held against a bound.

Nothing is estimated and no error is spent: the run either took at most 3 s or it didn't. What a run can't tell is the
exact instant, because it is seen only through requests: a moment is known to lie between the last request that still
met the old state and the first that met the new one. A verdict falls where both ends say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.durations import spoken
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds after its cause: not before `earliest`, not after `latest` (infinite: not seen while it was watched)."""

    earliest: float
    latest: float

    def __post_init__(self) -> None:
        if not self.earliest <= self.latest:
            raise ValueError(f"a moment between {self.earliest} and {self.latest}")

    @classmethod
    def at(cls, seconds: float) -> Moment:
        """Known exactly."""
        return cls(seconds, seconds)

    @classmethod
    def later_than(cls, seconds: float) -> Moment:
        """Not yet, when so much time had passed and the run ended."""
        return cls(seconds, math.inf)

    def __str__(self) -> str:
        if math.isinf(self.latest):
            return f"not within {_rounded(self.earliest)}"
        if self.earliest == self.latest:
            return _rounded(self.latest)
        return f"{_rounded(self.earliest)} to {_rounded(self.latest)}"


def judge_moments(requirement: Requirement, seen: Sequence[Moment]) -> Decision:
    """Decide a moment from every time that it happened: the worst counts. None at all is `invalid`.

    `low` and `high` of the decision are the ends of the worst; `n` is how often it happened, `k` how often in time.
    """
    if not requirement.is_moment:
        raise ValueError(f"{requirement.statement} is about no moment")
    verdicts = [_verdict(requirement, one) for one in seen]
    verdict = worst(verdicts)
    candidates = [one for one, its in zip(seen, verdicts, strict=True) if its is verdict]
    shown = max(candidates, key=lambda one: _distance(requirement, one), default=None)
    return Decision(
        name=requirement.name,
        verdict=verdict,
        n=len(seen),
        k=verdicts.count(Verdict.PASS),
        observed=None if shown is None else _seconds(shown),
        low=shown.earliest if shown else 0.0,
        high=shown.latest if shown else math.inf,
        bound=requirement.bound,
        alpha=0.0,
        log_evidence=0.0,
        log_needed=0.0,
        reason=f"{requirement.statement}: {_words(requirement, seen, shown, verdict)}",
        unit="moments",
    )


def _verdict(requirement: Requirement, one: Moment) -> Verdict:
    low, high = requirement.allowed
    if low <= one.earliest and one.latest <= high:
        return Verdict.PASS
    if one.latest < low or one.earliest > high:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE


def _distance(requirement: Requirement, one: Moment) -> float:
    """How bad a moment is: how far towards, or beyond, the wrong side of the bound."""
    if requirement.side == "at_least":
        return -one.earliest
    if requirement.side == "at_most":
        return _seconds(one)
    return abs(_seconds(one) - requirement.bound)


def _seconds(one: Moment) -> float:
    return one.earliest if math.isinf(one.latest) else one.latest


def _words(requirement: Requirement, seen: Sequence[Moment], shown: Moment | None, verdict: Verdict) -> str:
    if shown is None:
        return "it never happened"
    worst_of = f", the worst of {len(seen)}" if len(seen) > 1 else ""
    line = f"{requirement.side.replace('_', ' ')} {spoken(requirement.bound)}"
    if requirement.side == "around":
        line = f"{spoken(requirement.bound)} ± {spoken(requirement.tolerance)}"
    text = f"{shown} {requirement.counted}{worst_of}, {line} wanted"
    if verdict is not Verdict.INCONCLUSIVE:
        return text
    if math.isinf(shown.latest):
        return f"{text}; it has to be watched for longer"
    return f"{text}; more requests a second would tell"


def _rounded(seconds: float) -> str:
    return spoken(float(f"{seconds:.3g}"))
