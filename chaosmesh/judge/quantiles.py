"""A quantile against the same quantile of another sample.

The reference's quantile is not known exactly, so it is taken as an interval that is right, however often one looks,
but for α/2; the sample's share of answers beyond it is then tested with the other α/2. `pass` is held against the end
of the interval that makes the claim hardest, `fail` against the end that makes it easiest. So chance in the reference
errs on neither side: it makes a verdict later, not wrong.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.durations import seconds as read
from chaosmesh.judge.durations import spoken
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.ladder import log_evidence, mirrored
from chaosmesh.judge.plan import planned_n
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.sentences import missing, units
from chaosmesh.judge.share import MeanTest, interval_of
from chaosmesh.judge.verdict import Verdict


def quantile(ordered: Sequence[float], level: float) -> float:
    """The smallest of sorted values that at least `level` of them don't exceed."""
    return ordered[max(0, math.ceil(level * len(ordered)) - 1)]


def quantile_ends(ordered: Sequence[float], level: float, alpha: float) -> tuple[float, float]:
    """Where the true quantile lies; each end errs with a chance of `alpha`, over all looks together.

    `ordered`: the values, sorted. The lower end is 0 and the upper one infinite where there are too few of them. One
    true quantile can be missed from each side only, because the counts that refute it grow with the value.
    """
    n, needed = len(ordered), math.log(1 / alpha)
    ranks = range(n + 1)
    below = bisect.bisect_left(ranks, True, key=lambda k: log_evidence(_missed(n, k), 1 - level) < needed)
    above = bisect.bisect_left(ranks, True, key=lambda k: log_evidence(_met(n, k), level) >= needed)
    return ordered[below - 1] if below else 0.0, ordered[above - 1] if above <= n else math.inf


def judge_quantile(
    requirement: Requirement, reference: Sequence[float], sample: Sequence[float], alpha: float
) -> Decision:
    """Decide a latency claim whose limit comes from `reference`; both samples in seconds, infinite: unanswered."""
    level, ordered = requirement.bound, sorted(reference)
    ends = [_limit(requirement, one) for one in quantile_ends(ordered, level, alpha / 2)]
    hard, easy = ends if requirement.side == "at_least" else reversed(ends)
    tests = [_Held(requirement, sample, limit, alpha) for limit in (hard, easy)]
    verdict = Verdict.INCONCLUSIVE
    if tests[0].verdict is Verdict.PASS:
        verdict = Verdict.PASS
    elif tests[1].verdict is Verdict.FAIL:
        verdict = Verdict.FAIL
    shown = tests[1] if verdict is Verdict.FAIL else tests[0]
    more = shown.more if verdict is Verdict.INCONCLUSIVE else None
    low, high = shown.interval
    return Decision(
        name=requirement.name,
        verdict=verdict,
        n=shown.evidence.n,
        k=shown.evidence.k,
        observed=shown.evidence.mean,
        low=low,
        high=high,
        bound=level,
        alpha=alpha,
        log_evidence=max(shown.test.logs(shown.evidence.unit)),
        log_needed=shown.test.needed,
        reason=_words(requirement, ordered, sorted(sample), ends, alpha, more),
        more=more,
        unit=units(requirement),
    )


class _Held:
    """A sample held against one limit."""

    def __init__(self, requirement: Requirement, sample: Sequence[float], limit: float, alpha: float) -> None:
        if requirement.side != "at_least" and requirement.side != "at_most":
            raise ValueError(f"{requirement.statement} has no side")
        quick = sum(value <= limit and not math.isinf(value) for value in sample)
        self.evidence = Evidence.share(len(sample), quick)
        self.test = MeanTest(requirement.side, requirement.bound, alpha / 2, requirement.margin)
        self.verdict = Verdict.INCONCLUSIVE if math.isinf(limit) else self.test.verdict(self.evidence.unit)

    @property
    def interval(self) -> tuple[float, float]:
        return interval_of(self.evidence, 2 * self.test.alpha, self.test.aims)

    @property
    def more(self) -> int | None:
        test, seen = self.test, self.evidence
        whole = planned_n(test.bound, seen.mean, test.alpha, margin=test.margin, side=test.side)
        return max(1, whole - seen.n) if whole is not None and whole > seen.n else None


def _limit(requirement: Requirement, value: float) -> float:
    relative = requirement.relative
    if relative is None:
        raise ValueError(f"{requirement.statement} has a limit of its own")
    plus, minus = (read(str(one)) or 0.0 for one in (relative.plus, relative.minus))
    return relative.times * value + plus - minus


def _words(
    requirement: Requirement,
    reference: Sequence[float],
    sample: Sequence[float],
    ends: Sequence[float],
    alpha: float,
    more: int | None,
) -> str:
    level, to = requirement.bound, requirement.relative.to if requirement.relative else ""
    of = units(requirement)
    seen = f"{_ms(quantile(sample, level))} of {len(sample):,} {of}"
    other = f"{_ms(quantile(reference, level))} of {len(reference):,} in the {to}"
    text = f"{requirement.statement}: {seen} against {other}"
    if math.isinf(ends[1]):
        enough = planned_n(level, 1.0, alpha / 2)
        return f"{text}, which are too few to know its end: about {enough:,} are needed"
    return f"{text} (its line is surely between {_ms(ends[0])} and {_ms(ends[1])}{missing(more)})"


def _ms(value: float) -> str:
    return "no answer" if math.isinf(value) else spoken(float(f"{value:.4g}"))


def _met(n: int, k: int) -> list[tuple[float, float]]:
    return [(0.0, float(n - k)), (1.0, float(k))]


def _missed(n: int, k: int) -> list[tuple[float, float]]:
    return mirrored(_met(n, k))
