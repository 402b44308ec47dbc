"""Does traffic divide as the weights say?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chaosmesh.judge.decision import Decision, SplitDecision, together
from chaosmesh.judge.evidence import Evidence
from chaosmesh.judge.ladder import Counts, log_evidence, mirrored
from chaosmesh.judge.plan import ALPHA, first, strayed
from chaosmesh.judge.share import interval_of
from chaosmesh.judge.verdict import Verdict

TOLERANCE = 0.03
"""± 3 points: an arm whose share surely lies this close to its weight passes."""


def judge_split(
    weights: Mapping[str, float],
    counts: Mapping[str, int],
    *,
    alpha: float = ALPHA,
    tolerance: float = TOLERANCE,
) -> SplitDecision:
    """Compare how often each arm was taken (`counts`) with relative `weights`.

    An arm passes when the interval of its share lies within weight ± tolerance, and fails when the interval
    excludes the weight; where both hold it is close enough and passes. An arm of weight 0 fails on its first
    request, and so does an arm that has no weight at all. The arms share `alpha` evenly, but for two: they are
    one share seen from both ends, and are wrong together.
    """
    shares = _shares(weights) | dict.fromkeys(sorted(set(counts) - set(weights)), 0.0)
    total = sum(counts.values())
    each = _alpha_of_an_arm(alpha, len(shares))
    arms = (_Arm(name, share, tolerance, each) for name, share in shares.items())
    return together(tuple(arm.decision(counts.get(arm.name, 0), total) for arm in arms))


def planned_split(
    weights: Mapping[str, float],
    truth: Mapping[str, float] | None = None,
    *,
    alpha: float = ALPHA,
    tolerance: float = TOLERANCE,
) -> int | None:
    """Requests after which a split is decided on average, if it really divides as `truth` (default: as asked)."""
    shares = _shares(weights)
    real = shares if truth is None else _shares(truth)
    each = _alpha_of_an_arm(alpha, len(shares))
    arms = [_Arm(name, share, tolerance, each) for name, share in shares.items()]

    def decided(n: float) -> bool:
        seen = [arm.planned_verdict(real.get(arm.name, 0.0), n) for arm in arms]
        return Verdict.FAIL in seen or Verdict.INCONCLUSIVE not in seen

    return first(decided)


@dataclass(frozen=True, slots=True)
class _Arm:
    name: str
    share: float
    tolerance: float
    alpha: float

    def logs(self, counts: Counts) -> tuple[float, float]:
        """Logarithms of the evidence that the arm is close enough, and that its share is not the weight."""
        other, rest = mirrored(counts), 1 - self.share
        near = math.inf
        if self.share > self.tolerance:
            near = log_evidence(counts, self.share - self.tolerance, aim=self.share)
        if rest > self.tolerance:
            near = min(near, log_evidence(other, rest - self.tolerance, aim=rest))
        return near, max(log_evidence(counts, self.share), log_evidence(other, rest))

    def verdict(self, counts: Counts) -> Verdict:
        """Close enough, off, or not known yet."""
        near, off = self.logs(counts)
        if near >= math.log(1 / self.alpha) and not math.isinf(off):
            return Verdict.PASS
        return Verdict.FAIL if off >= math.log(2 / self.alpha) else Verdict.INCONCLUSIVE

    def planned_verdict(self, truth: float, n: float) -> Verdict:
        """The verdict on `n` requests with the usual distance between a share and what is observed of it."""
        exact = self.verdict(_counts(truth * n, n))
        if exact is not Verdict.PASS:
            return exact
        near = all(self.verdict(_counts(end * n, n)) is Verdict.PASS for end in strayed(truth, n))
        return Verdict.PASS if near else Verdict.INCONCLUSIVE

    def decision(self, k: int, n: int) -> Decision:
        """The verdict on `k` of `n` requests, with its evidence."""
        evidence = Evidence.share(n, k)
        near, off = self.logs(evidence.unit)
        verdict = self.verdict(evidence.unit) if n else Verdict.INVALID
        low, high = interval_of(evidence, 2 * self.alpha, (self.share, self.share))
        reason = f"{self.name}: nothing was sent"
        if n:
            seen = (
                f"{self.name} got {_percent(evidence.mean)} of {n:,} requests, {_percent(self.share)} wanted"
            )
            reason = f"{seen} (surely between {_percent(low)} and {_percent(high)})"
        return Decision(
            self.name,
            verdict,
            n,
            k,
            evidence.mean if n else None,
            low,
            high,
            self.share,
            self.alpha,
            off if verdict is Verdict.FAIL else near,
            math.log((2 if verdict is Verdict.FAIL else 1) / self.alpha),
            reason,
        )


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise ValueError(f"weights without a positive sum: {dict(weights)}")
    return {name: weight / total for name, weight in weights.items()}


def _alpha_of_an_arm(alpha: float, arms: int) -> float:
    return alpha if arms <= 2 else alpha / arms


def _counts(k: float, n: float) -> Counts:
    return [(0.0, n - k), (1.0, k)]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
