"""What became of a canary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.judge import Decision, Verdict

Ending = Literal["on", "hold", "back"]

SCHEMA = "chaosmesh.canary/1"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that was tried. `end`: where it led; `in_force_ms`: how long its push took; `seconds` that it was watched;
    `new`, `stable`: calls that each arm got."""

    weight: int
    end: Ending
    reason: str
    decisions: tuple[Decision, ...]
    new: int
    stable: int
    in_force_ms: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For the run folder and `--json`."""
        return {
            "weight": self.weight,
            "end": self.end,
            "reason": self.reason,
            "new": self.new,
            "stable": self.stable,
            "in_force_ms": round(self.in_force_ms, 2),
            "seconds": round(self.seconds, 3),
            "claims": [one.as_dict() for one in self.decisions],
        }


@dataclass(frozen=True, slots=True)
class Back:
    """The way back: how long it took from the decision until the old weights were in force (`in_force_ms`), which was
    at `at_ns` (epoch ns), and calls that met the new version although they started later (`strays`)."""

    in_force_ms: float
    at_ns: int
    strays: int = 0

    def as_json(self) -> dict[str, Any]:
        """For the run folder and `--json`."""
        return {"in_force_ms": round(self.in_force_ms, 2), "strays": self.strays}


@dataclass(frozen=True, slots=True)
class Canary:
    """The whole shift of `route` to `to`. `pass`: all traffic is at the new version. `fail`: it was worse, and where
    `back` is there its traffic was taken back. `inconclusive`: it stopped at a step that stayed undecided. `exposed`:
    calls that the new version got; `hurt`: those of them that failed."""

    route: str
    to: str
    verdict: Verdict
    reason: str
    steps: tuple[StepResult, ...]
    back: Back | None = None
    exposed: int = 0
    hurt: int = 0

    @property
    def weight(self) -> int:
        """Per cent of the traffic that the new version was left with, of the plan's steps; 0 after the way back."""
        if self.back is not None or not self.steps:
            return 0
        return self.steps[-1].weight

    @property
    def promoted(self) -> bool:
        """Whether the last step's weight is in force, and every claim of every step was kept."""
        return self.verdict is Verdict.PASS

    @property
    def taken_back(self) -> bool:
        """Whether the new version was worse and its traffic was taken back."""
        return self.verdict is Verdict.FAIL and self.back is not None

    def as_json(self) -> dict[str, Any]:
        """For the run folder and `--json`."""
        return {
            "schema": SCHEMA,
            "route": self.route,
            "to": self.to,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "weight": self.weight,
            "exposed": self.exposed,
            "hurt": self.hurt,
            "back": self.back.as_json() if self.back else None,
            "steps": [one.as_json() for one in self.steps],
        }
