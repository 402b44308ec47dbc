"""What a gate found: frozen data with one JSON form (`chaosmesh.gate/1`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.engine.results import VerifyResult
from chaosmesh.errors import ExitCode, Where
from chaosmesh.judge import RUN_ALPHA, Verdict, worst

SCHEMA = "chaosmesh.gate/1"

Kind = Literal["verify", "experiments", "scenario", "slo", "faults"]

WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.LIMIT,
    ExitCode.FAIL,
    ExitCode.INTERNAL,
    ExitCode.ENVIRONMENT,
    ExitCode.USAGE,
    ExitCode.UNDECIDED,
    ExitCode.PASS,
)
"""How parts that ended differently end together: what was proved to be wrong comes before what could not be tried."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part tried: a rule, a cell of the matrix, an experiment or a question. `folder`: its own run
    folder, from the gate's; `evidence`: lines for who wants to know more."""

    id: str
    verdict: Verdict
    reason: str = ""
    where: Where | None = None
    seconds: float = 0.0
    evidence: str = ""
    folder: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry of `items`."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "where": None if self.where is None else f"{self.where.file}:{self.where.line}",
            "duration_s": round(self.seconds, 3),
            "folder": self.folder or None,
        }


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part, ended or not begun. `alpha`: what its `claims` may err with together; `folder`: where its run folders
    are, from the gate's ("" where it did not begin); `left_out`: names of what the budget left no time for;
    `verified`: the whole verification, where the part is one."""

    kind: Kind
    name: str
    verdict: Verdict
    code: ExitCode
    reason: str
    alpha: float
    claims: int
    folder: str = ""
    seconds: float = 0.0
    items: tuple[Item, ...] = ()
    left_out: tuple[str, ...] = ()
    verified: VerifyResult | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `parts`."""
        return {
            "kind": self.kind,
            "name": self.name,
            "verdict": self.verdict.value,
            "exit": int(self.code),
            "alpha": self.alpha,
            "claims": self.claims,
            "folder": self.folder or None,
            "duration_s": round(self.seconds, 3),
            "reason": self.reason,
            "left_out": list(self.left_out),
            "items": [one.as_json() for one in self.items],
        }


@dataclass(frozen=True, slots=True)
class GateResult:
    """All parts. `tolerant`: what stays undecided passes."""

    name: str
    parts: tuple[PartResult, ...]
    seed: int
    runtime: str
    profile: str
    seconds: float
    tolerant: bool = False
    interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """The worst of all parts."""
        return worst(one.verdict for one in self.parts)

    @property
    def code(self) -> ExitCode:
        """The worst of all parts; what stayed undecided is 0 where that was asked for."""
        code = worst_code([one.code for one in self.parts])
        return ExitCode.PASS if code is ExitCode.UNDECIDED and self.tolerant else code

    def summary(self) -> dict[str, int]:
        """How many items ended how, over all parts, and how many the budget left no time for."""
        found = Counter(item.verdict.value for one in self.parts for item in one.items)
        left = sum(len(one.left_out) for one in self.parts)
        return {one.value: found[one.value] for one in Verdict} | {"left_out": left}

    def as_json(self) -> dict[str, Any]:
        """The document of `gate --json`."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "verdict": self.verdict.value,
            "exit": int(self.code),
            "alpha": RUN_ALPHA,
            "seed": self.seed,
            "runtime": self.runtime,
            "profile": self.profile,
            "duration_s": round(self.seconds, 3),
            "undecided": "warn" if self.tolerant else "fail",
            "interrupted": self.interrupted,
            "parts": [one.as_json() for one in self.parts],
            "summary": self.summary(),
        }


def worst_code(codes: Sequence[ExitCode]) -> ExitCode:
    """The exit code of several; nothing at all is undecided."""
    return min(codes, key=WORST_FIRST.index, default=ExitCode.UNDECIDED)


def code_of(verdict: Verdict) -> ExitCode:
    """The exit code of a verdict."""
    if verdict is Verdict.PASS:
        return ExitCode.PASS
    return ExitCode.FAIL if verdict is Verdict.FAIL else ExitCode.UNDECIDED
