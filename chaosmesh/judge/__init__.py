"""Verdicts with an error budget: sequential tests on counts, claims, and what a policy predicts.

No I/O and no clock. Everything is computed from counts, so a stored run gives the same verdict again.
"""

from chaosmesh.judge.against import judge_against, planned_against
from chaosmesh.judge.arms import judge_weights, planned_weights
from chaosmesh.judge.arrays import Worse, judge_arms
from chaosmesh.judge.budget import RUN_ALPHA, alpha_for
from chaosmesh.judge.bursts import Counting, counting
from chaosmesh.judge.claims import (
    Claim,
    Relative,
    around,
    as_written,
    at_least,
    at_most,
    baseline,
    control,
    weights,
)
from chaosmesh.judge.decide import judge, planned_for
from chaosmesh.judge.decision import Decision, SplitDecision
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.moment import Moment, judge_moments
from chaosmesh.judge.plan import ALPHA, planned_n
from chaosmesh.judge.promql import Reading, judge_readings, promql, written_out
from chaosmesh.judge.requirement import Measure, Requirement, Unit
from chaosmesh.judge.share import MeanTest, interval, interval_of
from chaosmesh.judge.split import TOLERANCE, judge_split, planned_split
from chaosmesh.judge.verdict import Verdict, worst
from chaosmesh.judge.words import requirement, requirements

__all__ = [
    "ALPHA",
    "RUN_ALPHA",
    "TOLERANCE",
    "Claim",
    "Counting",
    "Decision",
    "Evidence",
    "MeanTest",
    "Measure",
    "Moment",
    "Reading",
    "Relative",
    "Requirement",
    "SplitDecision",
    "Unit",
    "Verdict",
    "Worse",
    "alpha_for",
    "around",
    "as_written",
    "at_least",
    "at_most",
    "baseline",
    "control",
    "counting",
    "interval",
    "interval_of",
    "judge",
    "judge_against",
    "judge_arms",
    "judge_moments",
    "judge_readings",
    "judge_split",
    "judge_weights",
    "planned_against",
    "planned_for",
    "planned_n",
    "planned_split",
    "planned_weights",
    "promql",
    "requirement",
    "requirements",
    "weights",
    "worst",
    "written_out",
]
