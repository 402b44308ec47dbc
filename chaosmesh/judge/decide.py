"""From a requirement and what was counted to a decision."""

from __future__ import annotations

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.near import NearTest
from chaosmesh.judge.plan import ALPHA, planned
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.sentences import sentence, units
from chaosmesh.judge.share import Aims, MeanTest, interval_of
from chaosmesh.judge.verdict import Verdict


def judge(requirement: Requirement, evidence: Evidence, alpha: float = ALPHA) -> Decision:
    """Decide a requirement from counts alone: the same counts give the same decision, to the last bit.

    Nothing counted is `invalid`, and so is a value outside the limits that were known beforehand (a call with
    more attempts than its policy allows). Splits, moments and relative bounds have their own judges.
    """
    test = _test(requirement, evidence, alpha)
    if not evidence.n:
        return invalid(requirement, evidence, alpha, "nothing was counted")
    if evidence.outside:
        seen = ", ".join(f"{value:g}" for value in evidence.outside)
        limits = f"{evidence.low:g} to {evidence.high:g}"
        return invalid(requirement, evidence, alpha, f"saw {seen} where only {limits} can be")
    return _decided(requirement, evidence, test)


def planned_for(requirement: Requirement, expected: Evidence, alpha: float = ALPHA) -> int | None:
    """Outcomes after which a requirement is decided on average, if values come as in `expected`.

    None when it would take for ever: the truth is at the bound.
    """
    return _planned(_test(requirement, expected, alpha), expected)


def invalid(requirement: Requirement, evidence: Evidence, alpha: float, problem: str) -> Decision:
    """What was counted says nothing."""
    return Decision(
        name=requirement.name,
        verdict=Verdict.INVALID,
        n=evidence.n,
        k=evidence.k,
        observed=evidence.mean if evidence.n else None,
        low=evidence.low,
        high=evidence.high,
        bound=requirement.bound,
        alpha=alpha,
        log_evidence=0.0,
        log_needed=0.0,
        reason=f"{requirement.statement}: {problem}",
        unit=units(requirement, evidence.block),
    )


def _test(requirement: Requirement, evidence: Evidence, alpha: float) -> MeanTest | NearTest:
    """The test of a requirement on such evidence, in the unit of [0, 1].

    Where most of a cohort goes is learned from the same counts, and at one half two targets can be it: half of α
    for each.
    """
    if requirement.relative is not None or requirement.side == "split" or requirement.is_moment:
        raise ValueError(f"{requirement.statement} is no test of one share or mean")
    bound = evidence.to_unit(requirement.bound)
    scale = evidence.high - evidence.low
    margin = requirement.margin / scale
    if requirement.side == "around":
        return NearTest(bound, requirement.tolerance / scale, alpha, margin, evidence.binary)
    each = alpha / 2 if requirement.measure == "sticky" else alpha
    return MeanTest(requirement.side, bound, each, margin, evidence.binary)


def _decided(requirement: Requirement, evidence: Evidence, test: MeanTest | NearTest) -> Decision:
    verdict = test.verdict(evidence.unit)
    low, high = interval_of(evidence, 2 * test.alpha, _aims(requirement, evidence, test))
    more = None
    if verdict is Verdict.INCONCLUSIVE:
        whole = _planned(test, evidence)
        more = None if whole is None else max(1, whole - evidence.n)
    return Decision(
        name=requirement.name,
        verdict=verdict,
        n=evidence.n,
        k=evidence.k,
        observed=evidence.mean,
        low=low,
        high=high,
        bound=requirement.bound,
        alpha=test.alpha,
        log_evidence=max(test.logs(evidence.unit)),
        log_needed=test.needed,
        reason=sentence(requirement, evidence, low, high, more),
        more=more,
        unit=units(requirement, evidence.block),
    )


def _aims(requirement: Requirement, evidence: Evidence, test: MeanTest | NearTest) -> Aims:
    if isinstance(test, MeanTest):
        return test.aims
    return (requirement.bound, requirement.bound) if evidence.binary else (None, None)


def _planned(test: MeanTest | NearTest, evidence: Evidence) -> int | None:
    if isinstance(test, NearTest) and evidence.binary:
        return test.planned(evidence.mean)
    return planned(test, [(value, often / evidence.n) for value, often in evidence.unit])
