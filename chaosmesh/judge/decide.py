"""From a requirement and what was counted to a decision."""

from __future__ import annotations

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.plan import ALPHA, planned
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.share import MeanTest, interval_of
from chaosmesh.judge.verdict import Verdict


def judge(requirement: Requirement, evidence: Evidence, alpha: float = ALPHA) -> Decision:
    """Decide a requirement from counts alone: the same counts give the same decision, to the last bit.

    Nothing counted is `invalid`, and so is a value outside the limits that were known beforehand (a call with
    more attempts than its policy allows).
    """
    test = _test(requirement, evidence, alpha)
    if not evidence.n:
        return _decision(requirement, evidence, test, Verdict.INVALID, "nothing was counted")
    if evidence.outside:
        seen = ", ".join(f"{value:g}" for value in evidence.outside)
        limits = f"{evidence.low:g} to {evidence.high:g}"
        return _decision(
            requirement, evidence, test, Verdict.INVALID, f"saw {seen} where only {limits} can be"
        )
    verdict = test.verdict(evidence.unit)
    return _decision(requirement, evidence, test, verdict, "")


def planned_for(requirement: Requirement, expected: Evidence, alpha: float = ALPHA) -> int | None:
    """Requests after which a requirement is decided on average, if values come as in `expected`.

    None when it would take for ever: the truth is at the bound.
    """
    return planned(_test(requirement, expected, alpha), _distribution(expected))


def _test(requirement: Requirement, evidence: Evidence, alpha: float) -> MeanTest:
    if requirement.side != "at_least" and requirement.side != "at_most":
        raise ValueError(f"{requirement.statement} is no one-sided test")
    bound = evidence.to_unit(requirement.bound)
    margin = requirement.margin / (evidence.high - evidence.low)
    return MeanTest(requirement.side, bound, alpha, margin, evidence.binary)


def _distribution(evidence: Evidence) -> list[tuple[float, float]]:
    return [(value, often / evidence.n) for value, often in evidence.unit]


def _decision(
    requirement: Requirement, evidence: Evidence, test: MeanTest, verdict: Verdict, problem: str
) -> Decision:
    kept, broken = (0.0, 0.0) if verdict is Verdict.INVALID else test.logs(evidence.unit)
    low, high = (evidence.low, evidence.high) if problem else interval_of(evidence, 2 * test.alpha, test.aims)
    more = _more(test, evidence) if verdict is Verdict.INCONCLUSIVE else None
    return Decision(
        name=requirement.name,
        verdict=verdict,
        n=evidence.n,
        k=evidence.k,
        observed=evidence.mean if evidence.n else None,
        low=low,
        high=high,
        bound=requirement.bound,
        alpha=test.alpha,
        log_evidence=max(kept, broken),
        log_needed=test.needed,
        reason=f"{requirement.statement}: {problem}"
        if problem
        else _words(requirement, evidence, low, high, more),
        more=more,
    )


def _more(test: MeanTest, evidence: Evidence) -> int | None:
    whole = planned(test, _distribution(evidence))
    return None if whole is None else max(1, whole - evidence.n)


def _words(requirement: Requirement, evidence: Evidence, low: float, high: float, more: int | None) -> str:
    seen = f"{_amount(requirement, evidence.mean)} of {evidence.n:,} {requirement.counted}"
    if not requirement.is_share:
        seen = f"{_amount(requirement, evidence.mean)} {requirement.counted} over {evidence.n:,}"
    wanted = f"{requirement.side.replace('_', ' ')} {_amount(requirement, requirement.bound)} wanted"
    surely = f"surely between {_amount(requirement, low)} and {_amount(requirement, high)}"
    missing = f"; about {more:,} more would decide it" if more else ""
    return f"{requirement.statement}: {seen}, {wanted} ({surely}{missing})"


def _amount(requirement: Requirement, value: float) -> str:
    return f"{100 * value:.4g} %" if requirement.is_share else f"{value:.3g}"
