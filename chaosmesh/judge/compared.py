"""What is compared with a bound and not estimated: of several values the worst decides, and it is the one that is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chaosmesh.judge.decision import Decision
from chaosmesh.judge.requirement import Requirement
from chaosmesh.judge.verdict import Verdict, worst

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Compared(Generic[T]):
    """The verdict of `n` values, `kept` of them within the bound, and the one that is shown; None where there is none."""

    requirement: Requirement
    verdict: Verdict
    n: int
    kept: int
    shown: T | None

    @property
    def among(self) -> str:
        """What is said of the one that is shown where there are others."""
        return f", the worst of {self.n}" if self.n > 1 else ""

    def decision(self, *, observed: float | None, low: float, high: float, words: str, unit: str) -> Decision:
        """The decision; no error is spent on it."""
        return Decision(
            name=self.requirement.name,
            verdict=self.verdict,
            n=self.n,
            k=self.kept,
            observed=observed,
            low=low,
            high=high,
            bound=self.requirement.bound,
            alpha=0.0,
            log_evidence=0.0,
            log_needed=0.0,
            reason=f"{self.requirement.statement}: {words}",
            unit=unit,
        )


def compare(
    requirement: Requirement,
    seen: Sequence[T],
    judged: Callable[[T], Verdict],
    value: Callable[[T], float | None],
) -> Compared[T]:
    """Judge each, and pick the one to be shown: of those with the worst verdict the one that is furthest on the wrong side."""
    verdicts = [judged(one) for one in seen]
    verdict = worst(verdicts)
    candidates = [one for one, its in zip(seen, verdicts, strict=True) if its is verdict]
    shown = max(candidates, key=lambda one: _distance(requirement, value(one)), default=None)
    return Compared(requirement, verdict, len(seen), verdicts.count(Verdict.PASS), shown)


def wanted(requirement: Requirement, word: Callable[[float], str]) -> str:
    """The bound in words: "at most 3 s wanted"."""
    if requirement.side == "around":
        return f"{word(requirement.bound)} ± {word(requirement.tolerance)} wanted"
    return f"{requirement.side.replace('_', ' ')} {word(requirement.bound)} wanted"


def _distance(requirement: Requirement, value: float | None) -> float:
    """How far towards, or beyond, the wrong side of the bound."""
    if value is None:
        return 0.0
    if requirement.side == "around":
        return abs(value - requirement.bound)
    return value if requirement.side == "at_most" else -value
