"""A split as a claim: one decision, with one part per target."""

from __future__ import annotations

from collections.abc import Mapping

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.plan import ALPHA
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.sentences import units
from chaosmesh.judge.split import judge_split, planned_split
from chaosmesh.judge.verdict import Verdict


def judge_weights(requirement: Requirement, counts: Mapping[str, int], alpha: float = ALPHA) -> Decision:
    """Decide a split from how often each target was taken.

    The decision shows the numbers of the target that decided it: of those with the worst verdict the one with the
    least evidence (of a `fail`: the most). `parts` holds all of them, in the order of the weights.
    """
    split = judge_split(dict(_weights(requirement)), counts, alpha=alpha, tolerance=requirement.tolerance)
    worst = [arm for arm in split.arms if arm.verdict is split.verdict]
    sure = max if split.verdict is Verdict.FAIL else min
    shown = sure(worst, key=lambda arm: arm.log_evidence - arm.log_needed)
    more = _more(requirement, counts, split.n, alpha) if split.verdict is Verdict.INCONCLUSIVE else None
    missing = f"; about {more:,} more would decide it" if more else ""
    return Decision(
        name=requirement.name,
        verdict=split.verdict,
        n=split.n,
        k=shown.k,
        observed=shown.observed,
        low=shown.low,
        high=shown.high,
        bound=shown.bound,
        alpha=alpha,
        log_evidence=shown.log_evidence,
        log_needed=shown.log_needed,
        reason=f"{requirement.statement}: {split.reason}{missing}",
        more=more,
        unit=units(requirement),
        parts=split.arms,
    )


def planned_weights(requirement: Requirement, alpha: float = ALPHA) -> int | None:
    """Calls after which a split that is as asked passes on average."""
    return planned_split(dict(_weights(requirement)), alpha=alpha, tolerance=requirement.tolerance)


def _weights(requirement: Requirement) -> tuple[tuple[str, float], ...]:
    if not requirement.weights:
        raise ValueError(f"{requirement.statement}: the policy's weights are not filled in")
    return requirement.weights


def _more(requirement: Requirement, counts: Mapping[str, int], n: int, alpha: float) -> int | None:
    seen = {name: float(often) for name, often in counts.items()}
    whole = planned_split(dict(_weights(requirement)), seen, alpha=alpha, tolerance=requirement.tolerance)
    return None if whole is None else max(1, whole - n)
