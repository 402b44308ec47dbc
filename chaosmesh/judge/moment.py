"""Moments: when something happened in this run, held against a bound.

Nothing is estimated and no error is spent: the run either took at most 3 s or it didn't. What a run can't tell is the
exact instant, because it is seen only through requests: a moment is known to lie between the last request that still
met the old state and the first that met the new one. A verdict falls where both ends say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaosmesh.judge.compared import Compared, compare, wanted
from chaosmesh.judge.decision import Decision
from chaosmesh.judge.durations import spoken
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.verdict import Verdict


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
    late = requirement.side != "at_least"
    compared = compare(
        requirement,
        seen,
        lambda one: _verdict(requirement, one),
        lambda one: _seconds(one) if late else one.earliest,
    )
    shown = compared.shown
    return compared.decision(
        observed=None if shown is None else _seconds(shown),
        low=shown.earliest if shown else 0.0,
        high=shown.latest if shown else math.inf,
        words=_words(compared),
        unit="moments",
    )


def _verdict(requirement: Requirement, one: Moment) -> Verdict:
    low, high = requirement.allowed
    if low <= one.earliest and one.latest <= high:
        return Verdict.PASS
    if one.latest < low or one.earliest > high:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE


def _seconds(one: Moment) -> float:
    return one.earliest if math.isinf(one.latest) else one.latest


def _words(compared: Compared[Moment]) -> str:
    shown, requirement = compared.shown, compared.requirement
    if shown is None:
        return "it never happened"
    text = f"{shown} {requirement.counted}{compared.among}, {wanted(requirement, spoken)}"
    if compared.verdict is not Verdict.INCONCLUSIVE:
        return text
    if math.isinf(shown.latest):
        return f"{text}; it has to be watched for longer"
    return f"{text}; more requests a second would tell"


def _rounded(seconds: float) -> str:
    return spoken(float(f"{seconds:.3g}"))
