"""Bounds that come from another sample of the same run: its baseline, or the control cohort.

Shares and means are judged by pairs (x, y), x from the reference and y from the sample: the claim
μ_y ≥ times·μ_x + plus − minus is one about the mean of y − times·x, which is bounded, so the sequential test of a
bounded mean judges it and both samples' chance is in its α. Pairs of a control cohort are taken in the order of time:
what drifts hits both sides of a pair and cancels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from chaosmesh.judge.bursts import ONE_BY_ONE, Counting
from chaosmesh.judge.decision import Decision
from chaosmesh.judge.durations import number
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.plan import ALPHA, planned
from chaosmesh.judge.quantiles import judge_quantile
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.sentences import amount, missing, units
from chaosmesh.judge.share import MeanTest, interval_of
from chaosmesh.judge.verdict import Verdict


def judge_against(
    requirement: Requirement,
    reference: Sequence[float],
    sample: Sequence[float],
    *,
    high: float = 1.0,
    low: float = 0.0,
    alpha: float = ALPHA,
    counting: Counting = ONE_BY_ONE,
) -> Decision:
    """Decide a requirement whose bound is relative.

    `reference` and `sample` hold the outcomes in the order of time: 1 and 0 of a share (True counts as 1), attempts of
    a mean within [low, high], seconds of a latency (infinite: unanswered). The i-th of one is paired with the i-th of
    the other; what has no partner is left out. An empty sample is `invalid`. `counting` puts bursts into blocks, of
    both samples alike: means of blocks are paired, and of each block one latency is taken.
    """
    relative = requirement.relative
    if relative is None:
        raise ValueError(f"{requirement.statement} has a bound of its own")
    if not reference or not sample:
        return _invalid(
            requirement, alpha, f"nothing was counted {'' if reference else f'in the {relative.to}'}"
        )
    if requirement.measure == "latency":
        return judge_quantile(requirement, counting.thinned(reference), counting.thinned(sample), alpha)
    outside = sorted({value for value in (*reference, *sample) if not low <= value <= high})
    if outside:
        seen = ", ".join(f"{value:g}" for value in outside)
        return _invalid(requirement, alpha, f"saw {seen} where only {low:g} to {high:g} can be")
    pairs = list(zip(counting.means(reference), counting.means(sample), strict=False))
    if not pairs:
        return _invalid(requirement, alpha, f"less than one block of {counting.size:,} was counted")
    return _paired(requirement, pairs, low, high, alpha, f"pairs of {units(requirement, counting.size)}")


def planned_against(
    requirement: Requirement, reference: float, truth: float, alpha: float = ALPHA
) -> int | None:
    """Pairs after which a claim on a share is decided on average, if these are the shares of the two samples."""
    times, line = _line(requirement)
    law = [
        (y - times * x, (reference if x else 1 - reference) * (truth if y else 1 - truth))
        for x in (0, 1)
        for y in (0, 1)
    ]
    pairs = Evidence((), -times, 1.0)
    return planned(_test(requirement, pairs, line, alpha), [(pairs.to_unit(z), share) for z, share in law])


def _paired(
    requirement: Requirement,
    pairs: Sequence[tuple[float, float]],
    low: float,
    high: float,
    alpha: float,
    unit: str,
) -> Decision:
    times, line = _line(requirement)
    differences = Counter(y - times * x for x, y in pairs)
    evidence = Evidence.counted(differences, low=low - times * high, high=high - times * low)
    test = _test(requirement, evidence, line, alpha)
    verdict = test.verdict(evidence.unit)
    ends = interval_of(evidence, 2 * alpha)
    mean_x, mean_y = (math.fsum(side) / len(pairs) for side in zip(*pairs, strict=True))
    more = None
    if verdict is Verdict.INCONCLUSIVE:
        whole = planned(test, [(value, often / evidence.n) for value, often in evidence.unit])
        more = None if whole is None else max(1, whole - evidence.n)
    return Decision(
        name=requirement.name,
        verdict=verdict,
        n=evidence.n,
        k=math.fsum(y for _, y in pairs),
        observed=mean_y,
        low=max(low, times * mean_x + ends[0]),
        high=min(high, times * mean_x + ends[1]),
        bound=times * mean_x + line,
        alpha=alpha,
        log_evidence=max(test.logs(evidence.unit)),
        log_needed=test.needed,
        reason=_words(requirement, f"{evidence.n:,} {unit}", mean_x, mean_y, ends, more),
        more=more,
        unit=unit,
    )


def _line(requirement: Requirement) -> tuple[float, float]:
    """Factor of the reference, and what is added to it."""
    relative = requirement.relative
    if relative is None:
        raise ValueError(f"{requirement.statement} has a bound of its own")
    plus, minus = (number(str(one)) or 0.0 for one in (relative.plus, relative.minus))
    return relative.times, plus - minus


def _test(requirement: Requirement, pairs: Evidence, line: float, alpha: float) -> MeanTest:
    if requirement.side != "at_least" and requirement.side != "at_most":
        raise ValueError(f"{requirement.statement} has no side")
    margin = requirement.margin / (pairs.high - pairs.low)
    return MeanTest(requirement.side, pairs.to_unit(line), alpha, margin, binary=False)


def _words(
    requirement: Requirement,
    counted: str,
    reference: float,
    sample: float,
    ends: tuple[float, float],
    more: int | None,
) -> str:
    relative, share = requirement.relative, requirement.is_share
    to = relative.to if relative else ""
    of = "" if relative is None or relative.times == 1 else f" from {relative.times:g} × the {to}'s"
    scale, unit = (100, " points") if share else (1, "")
    low, high = (f"{scale * end:+.3g}".replace("-", "−") for end in ends)
    surely = f"the difference{of} is surely between {low} and {high}{unit}"
    seen = f"{amount(requirement, sample)} {requirement.counted} against {amount(requirement, reference)}"
    return f"{requirement.statement}: {seen} in the {to}, {counted} ({surely}{missing(more)})"


def _invalid(requirement: Requirement, alpha: float, problem: str) -> Decision:
    return Decision(
        name=requirement.name,
        verdict=Verdict.INVALID,
        n=0,
        k=0,
        observed=None,
        low=0.0,
        high=1.0,
        bound=requirement.bound,
        alpha=alpha,
        log_evidence=0.0,
        log_needed=0.0,
        reason=f"{requirement.statement}: {problem.strip()}",
        unit=f"pairs of {units(requirement)}",
    )
