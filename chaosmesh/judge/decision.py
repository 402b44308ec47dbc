"""A verdict with what it rests on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from chaosmesh.judge.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one claim, with everything needed to check it again.

    `observed`, `low`, `high` and `bound` share a unit: a share of outcomes (success, quantiles, statuses) or
    attempts per call. `low` and `high` hold the truth however often it was looked at; each end may err with
    chance `alpha`. `log_evidence` is the natural logarithm of the stronger of the two e-values and `log_needed`
    what it takes (ln 1/α); it is infinite when a value came that the claim excludes altogether. `observed` is
    None when nothing was counted. `more`: about how many outcomes are still missing if it goes on like this.
    `unit`: what `n` counts ("requests", "blocks of 50 requests"). `parts`: the arms of a split, each a decision.
    Moments are compared, not estimated: seconds, with `alpha` and evidence 0.
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
    unit: str = "requests"
    parts: tuple[Decision, ...] = ()

    @property
    def decided(self) -> bool:
        """True when the claim passed or failed."""
        return self.verdict.decided

    def as_dict(self) -> dict[str, object]:
        """For JSON: plain values, null where a number is infinite."""
        plain: dict[str, object] = _plain(dataclasses.asdict(self))
        return plain


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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Verdict):
        return value.value
    return None if isinstance(value, float) and math.isinf(value) else value
