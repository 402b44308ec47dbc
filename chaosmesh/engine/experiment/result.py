"""What an expectation found, and the three ways in which it stops a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.judge import Decision, Verdict
from chaosmesh.judge.queueing import Figure
from chaosmesh.judge.stability import Stability
from chaosmesh.ledger import Ledger
from chaosmesh.ledger.story import Stories, Story
from chaosmesh.ledger.timeline import timeline

STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds that a line of a timeline may stand for: the least that gives no more than MOST_STEPS lines."""

MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claim, decided. `planned`: requests that it should have taken; None where that can't be told."""

    statement: str
    decision: Decision
    planned: int | None = None
    is_share: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One expectation, driven and judged.

    `verdict` is that of the whole, `reason` why. `requests` were sent at `entry`. `observed` and `predicted`
    (from the policy alone) hold "success", and "attempts CLIENT>SERVICE" for each edge under a fault;
    `observed` has "p50_ms" and "p99_ms" too. `ledger` knows every request, call and attempt of the test;
    `streams` names those of this run in it. `unpredicted`: why nothing is predicted, if so. `faults`: what was in force, and what each really did.
    `facts`: all that the verdict rests on, besides the ledger. `predicted` values of a steady load have an interval
    (`.low`, `.high`); `explained` says why what was observed is something else. `stability`: what became of the run once
    its faults were healed; None where none was healed while load went on. `rows` of the ledger were there when it was
    judged; None: all of them.
    """

    verdict: Verdict
    reason: str
    requests: int
    claims: tuple[Claimed, ...]
    observed: Mapping[str, float | None]
    predicted: Mapping[str, float]
    faults: tuple[str, ...]
    ledger: Ledger = field(repr=False)
    streams: tuple[int, ...] = ()
    seconds: float = 0.0
    policy: str = ""
    unpredicted: str = ""
    folder: Path | None = None
    facts: Facts | None = field(default=None, repr=False)
    rows: int | None = None
    explained: tuple[str, ...] = ()
    stability: Stability | None = None

    @property
    def evidence(self) -> str:
        """Everything that the verdict rests on, a line each."""
        lines = [self.reason]
        lines += [f"  policy   {self.policy}"] if self.policy else []
        lines += [f"  fault    {one}" for one in self.faults or ("none",)]
        for one in self.claims:
            planned = f"; planned {one.planned:,}" if one.planned else ""
            said = one.decision.reason in self.reason
            text = one.statement if said else one.decision.reason
            lines.append(f"  {one.decision.verdict.value:<8} {text}{planned}")
        lines.append(f"  observed {_numbers(self.observed)}")
        lines.append(f"  predicted {_numbers(self.predicted) or self.unpredicted or 'nothing'}")
        lines += [f"  because  {one}" for one in self.explained]
        lines += [f"  after    {self.stability}"] if self.stability else []
        lines.append(f"  {self.requests:,} requests in {self.seconds:.1f} s")
        return "\n".join(lines)

    @property
    def timeline(self) -> str:
        """What was sent, what failed and why, step by step, and which faults were in force; a line each."""
        requests = [one for stream in self.streams for one in self.ledger.requests(stream)]
        times = [one.intended_ns for one in requests]
        length = (max(times) - min(times)) / 1e9 if times else 0.0
        step = next((one for one in STEPS if length / one <= MOST_STEPS), STEPS[-1])
        return "\n".join(timeline(requests, self.ledger.faults, step_s=step).lines())

    @property
    def traces(self) -> Stories:
        """What each request of this run met, hop by hop, by request id."""
        return Stories(self.ledger, self.streams)

    def trace(self, request_id: str) -> Story:
        """What one request met, hop by hop; `print` shows it. KeyError for one that this run did not send."""
        return self.traces[request_id]

    def as_json(self) -> dict[str, Any]:
        """For run.json."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "requests": self.requests,
            "streams": list(self.streams),
            "policy": self.policy,
            "faults": list(self.faults),
            "observed": dict(self.observed),
            "predicted": dict(self.predicted),
            "predicted_range": {
                name: [one.low, one.high] for name, one in self.predicted.items() if isinstance(one, Figure)
            },
            "explained": list(self.explained),
            "stability": None if self.stability is None else asdict(self.stability),
            "claims": claims_json(self.claims),
            "duration_s": round(self.seconds, 3),
            "facts": None if self.facts is None else self.facts.to_json(),
        }


def claims_json(claims: Iterable[Claimed]) -> list[dict[str, Any]]:
    """Each claim with its decision."""
    return [{"claim": one.statement, "planned": one.planned, **one.decision.as_dict()} for one in claims]


def _numbers(values: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in values.items())


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, Figure):
        return f"{value:.4g} ({value.low:.4g}–{value.high:.4g})"
    return f"{value:.4g}"


class _UnmetError(AssertionError):
    """Base of what `expect` raises; `run` is what was found."""

    __module__ = "chaosmesh"

    def __init__(self, run: Run) -> None:
        super().__init__(run.evidence)
        self.run = run


class Failed(_UnmetError):  # noqa: N818 (pytest shows the name as the verdict)
    """Raised when a claim is proved wrong."""

    __module__ = "chaosmesh"


class Inconclusive(_UnmetError):  # noqa: N818 (pytest shows the name as the verdict)
    """Raised when a claim was neither proved nor disproved within the budget, and once more."""

    __module__ = "chaosmesh"


class Invalid(_UnmetError):  # noqa: N818 (pytest shows the name as the verdict)
    """Raised when what was measured says nothing: no traffic, a fault that met nothing, a late generator, a
    starved host."""

    __module__ = "chaosmesh"


ERRORS: Mapping[Verdict, type[_UnmetError]] = {
    Verdict.FAIL: Failed,
    Verdict.INCONCLUSIVE: Inconclusive,
    Verdict.INVALID: Invalid,
}
