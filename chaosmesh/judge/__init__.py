"""Verdicts with an error budget: sequential tests on counts, claims, and what a policy predicts.

No I/O and no clock. Everything is computed from counts, so a stored run gives the same verdict again.
"""

from chaosmesh.judge.claims import Claim, Requirement, alpha_for, at_least, at_most, requirement, requirements
from chaosmesh.judge.decide import judge, planned_for
from chaosmesh.judge.decision import Decision, SplitDecision
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.plan import ALPHA, planned_n
from chaosmesh.judge.share import MeanTest, interval, interval_of
from chaosmesh.judge.split import TOLERANCE, judge_split, planned_split
from chaosmesh.judge.verdict import Verdict, worst

__all__ = [
    "ALPHA",
    "TOLERANCE",
    "Claim",
    "Decision",
    "Evidence",
    "MeanTest",
    "Requirement",
    "SplitDecision",
    "Verdict",
    "alpha_for",
    "at_least",
    "at_most",
    "interval",
    "interval_of",
    "judge",
    "judge_split",
    "planned_for",
    "planned_n",
    "planned_split",
    "requirement",
    "requirements",
    "worst",
]
