"""What is to be done at a step: a pure function of what was seen and for how long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from chaosmesh.engine.canary.plan import Step
from chaosmesh.engine.experiment.evidence.shares import met
from chaosmesh.judge import Decision, Evidence, Requirement, Verdict, judge, judge_against
from chaosmesh.judge.blocks import block_means
from chaosmesh.ledger import Call

Action = Literal["watch", "on", "hold", "back"]


def decisions_of(
    step: Step, new: Sequence[Call], stable: Sequence[Call], most: int, alpha: float
) -> list[Decision]:
    """Each claim on the new version, with what was seen of the stable one beside it; `most`: attempts that the
    policy allows for a call."""
    return [_decision(one, step.weight, new, stable, most, alpha) for one in step.requirements]


def action_of(decisions: Sequence[Decision], *, baked: bool, waited: bool) -> Action:
    """Back as soon as one claim is surely broken; on once all are surely kept and the step is `baked`; a step that is
    undecided although it was `waited` for holds."""
    verdicts = [one.verdict for one in decisions]
    if Verdict.FAIL in verdicts:
        return "back"
    if baked and all(one is Verdict.PASS for one in verdicts):
        return "on"
    return "hold" if waited else "watch"


def _decision(
    asked: Requirement, weight: int, new: Sequence[Call], stable: Sequence[Call], most: int, alpha: float
) -> Decision:
    high = float(most) if asked.measure == "attempts" else 1.0
    sample = values(asked, new)
    if asked.relative is None:
        return judge(asked, _evidence(asked, sample, high), alpha)
    reference = values(asked, stable)
    if asked.measure != "latency":
        # What the stable version gets is as much as its weight: a mean of so many calls is one partner of a pair.
        reference = block_means(reference, max(1, round((100 - weight) / weight)))
    return judge_against(asked, reference, sample, high=high, alpha=alpha)


def values(asked: Requirement, calls: Sequence[Call]) -> list[float]:
    """What each call counts for: attempts; seconds where a latency is compared; else 1 or 0."""
    if asked.measure == "attempts":
        return [float(len(one.attempts)) for one in calls]
    if asked.measure == "latency" and asked.relative is not None:
        return [one.duration_ms / 1000 if one.status else math.inf for one in calls]
    return [float(met(asked, one.status, one.duration_ms, one.grpc_status)) for one in calls]


def _evidence(asked: Requirement, sample: Sequence[float], high: float) -> Evidence:
    if asked.is_share:
        return Evidence.share(len(sample), int(sum(sample)))
    return Evidence.of(sample, high=max(high, asked.bound + asked.margin + 1))
