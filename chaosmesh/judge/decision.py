"""A verdict with what it rests on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from chaosmesh.judge.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one claim, with everything needed to check it again.

    `observed`, `low`, `high` and `bound` share a unit: a share of outcomes (success, quantiles, statuses) or
    attempts per call. `low` and `high` hold the truth however often it was looked at; each end may err with
    chance `alpha`. `log_evidence` is the natural logarithm of the stronger of the two e-values and `log_needed`
    what it takes (ln 1/α); it is infinite when a value came that the claim excludes altogether. `observed` is
    None when nothing was counted. `more`: about how many outcomes are still missing if it goes on like this.
    """

    name: str
    verdict: Verdict
    n: int
    k: float
    observed: float | None
    low: float
    high: float
    bound: float
    alpha: float
    log_evidence: float
    log_needed: float
    reason: str
    more: int | None = None

    @property
    def decided(self) -> bool:
        """True when the claim passed or failed."""
        return self.verdict.decided

    def as_dict(self) -> dict[str, object]:
        """For JSON: plain values, null where a number is infinite."""
        plain = dataclasses.asdict(self) | {"verdict": self.verdict.value}
        return {name: None if value == math.inf else value for name, value in plain.items()}


@dataclass(frozen=True, slots=True)
class SplitDecision:
    """The verdict on a split: one decision per arm, in the order of the weights."""

    verdict: Verdict
    arms: tuple[Decision, ...]
    reason: str

    @property
    def n(self) -> int:
        """Requests that were split."""
        return self.arms[0].n

    @property
    def decided(self) -> bool:
        """True when the split passed or failed."""
        return self.verdict.decided

    def as_dict(self) -> dict[str, object]:
        """For JSON: the verdict, the reason and every arm."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "arms": [arm.as_dict() for arm in self.arms],
        }


def together(decisions: tuple[Decision, ...]) -> SplitDecision:
    """One verdict from the arms: the worst, with its reason."""
    verdict = worst(one.verdict for one in decisions)
    reason = "; ".join(one.reason for one in decisions if one.verdict is verdict)
    return SplitDecision(verdict, decisions, reason)
