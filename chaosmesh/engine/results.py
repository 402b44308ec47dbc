"""What a verification found: frozen data with one JSON form (`chaosmesh.verify/1`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chaosmesh.errors import ExitCode, Where
from chaosmesh.judge import Evidence, Verdict

SCHEMA = "chaosmesh.verify/1"

CellVerdict = Literal["held", "weak", "accepted", "inconclusive", "invalid"]


def place_json(where: Where | None) -> dict[str, Any] | None:
    """`{file, line, column}`; None where there is no place."""
    return None if where is None else {"file": where.file, "line": where.line, "column": where.column}


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """The resource whose rule a check is about; `where` is the rule's own place."""

    kind: str
    name: str
    where: Where

    def as_json(self) -> dict[str, Any]:
        """`{kind, name, file, line, column}`."""
        return {"kind": self.kind, "name": self.name, **(place_json(self.where) or {})}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One rule of the policy, tried on the running mesh. `n` counts calls, `duration_s` seconds."""

    id: str
    resource: ResourceRef
    statement: str
    basis: str
    verdict: Verdict
    reason: str
    observed: Mapping[str, Any]
    expected: Mapping[str, Any]
    n: int
    duration_s: float

    def as_json(self) -> dict[str, Any]:
        """The entry of `checks`."""
        return {
            "id": self.id,
            "resource": self.resource.as_json(),
            "statement": self.statement,
            "basis": self.basis,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "observed": dict(self.observed),
            "expected": dict(self.expected),
            "n": self.n,
            "duration_s": round(self.duration_s, 3),
        }


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that no check covers, and why. Never an error and never a pass."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class FaultDose:
    """What a cell does to its edge: a kind and its size."""

    kind: Literal["errors", "latency", "reset", "down", "hang", "crash"]
    label: str
    size: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """`{"kind": …, …size, "label": …}`."""
        return {"kind": self.kind, **self.size, "label": self.label}


@dataclass(frozen=True, slots=True)
class CellResult:
    """One edge under one fault, and what the user felt at `entry`.

    `n` requests, `k` of them ok, `low`/`high` the anytime-valid interval of the share; percentiles in ms
    from the intended send time (None without answers); `amplification` attempts per call on the edge.
    `rule` is the place of the policy that explains a weakness best. `predicted` holds success and amplification;
    both are None where nothing can be predicted, and "reason" says why. `fallback`: the share of the edge's calls
    that a fallback answered (None: there is none). `streams`: whose requests were counted, in the ledger.
    `evidence`: what the verdict rests on: how many were ok, and how many quick enough.
    """

    edge: tuple[str, str]
    fault: FaultDose
    entry: str
    n: int
    k: int
    low: float
    high: float
    p50_ms: float | None
    p99_ms: float | None
    amplification: float | None
    predicted: Mapping[str, float | str | None]
    verdict: CellVerdict
    reason: str
    rule: Where | None = None
    duration_s: float = 0.0
    fallback: float | None = None
    streams: tuple[int, ...] = ()
    evidence: tuple[Evidence, Evidence] | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `matrix`."""
        return {
            "edge": list(self.edge),
            "fault": self.fault.as_json(),
            "entry": self.entry,
            "success": {"n": self.n, "k": self.k, "low": round(self.low, 6), "high": round(self.high, 6)},
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "amplification": self.amplification,
            "predicted": dict(self.predicted),
            "fallback": None if self.fallback is None else round(self.fallback, 4),
            "verdict": self.verdict,
            "reason": self.reason,
            "streams": list(self.streams),
            "evidence": None if self.evidence is None else [[one.n, int(one.k)] for one in self.evidence],
            "rule": place_json(self.rule),
            "duration_s": round(self.duration_s, 3),
        }


@dataclass(frozen=True, slots=True)
class Cure:
    """A one-line change of the policy that was tried live against a weak cell."""

    edge: tuple[str, str]
    fault: FaultDose
    change: str
    where: Where | None
    before: str
    after: str
    worked: bool

    def as_json(self) -> dict[str, Any]:
        """The `cure` of a finding."""
        return {
            "edge": list(self.edge),
            "fault": self.fault.as_json(),
            "change": self.change,
            **(place_json(self.where) or {"file": None, "line": None, "column": None}),
            "before": self.before,
            "after": self.after,
            "worked": self.worked,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A weakness a user should know of, with its cure if one was tried."""

    title: str
    detail: str
    where: Where | None = None
    cure: Cure | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `findings`."""
        return {
            "title": self.title,
            "detail": self.detail,
            **(place_json(self.where) or {"file": None, "line": None, "column": None}),
            "cure": self.cure.as_json() if self.cure else None,
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """The goal of every cell: share of success, 99th percentile in seconds, `alpha` of each of the two claims;
    `declared` by the scenario or not."""

    success: float
    p99_s: float
    alpha: float
    declared: bool

    def as_json(self) -> dict[str, Any]:
        """The entry `goal`."""
        return {"success": self.success, "p99_s": self.p99_s, "alpha": self.alpha, "declared": self.declared}


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The whole verification. `gated`: a weak cell fails the run (a declared `slo:` or `--strict`).

    `attempts` were counted by the sidecars; `unaccounted` says where the ledger disagrees with them, in which
    case nothing that was measured can be trusted. `tolerant`: what is undecided does not fail the run. `stopped`: the limit
    of the scenario that ended it early, in words. `bounds`: what cells were held against; `files`: SHA-256 of what
    was written beside the result.
    """

    mesh: str
    runtime: str
    profile: str
    seed: int
    alpha: float
    duration_s: float
    checks: tuple[CheckResult, ...]
    matrix: tuple[CellResult, ...]
    not_checked: tuple[NotChecked, ...]
    coverage: Mapping[str, int]
    cost: Mapping[str, float | None]
    findings: tuple[Finding, ...]
    gated: bool
    expired: tuple[str, ...] = ()
    goal: str = ""
    sidecars: int = 0
    envoy: str = ""
    attempts: int = 0
    unaccounted: tuple[str, ...] = ()
    tolerant: bool = False
    stopped: str = ""
    bounds: Bounds | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, int]:
        """How many checks and cells ended how."""
        checks = Counter(c.verdict.value for c in self.checks)
        cells = Counter(c.verdict for c in self.matrix)
        return {
            "pass": checks["pass"],
            "fail": checks["fail"],
            "inconclusive": checks["inconclusive"] + cells["inconclusive"],
            "invalid": checks["invalid"] + cells["invalid"] + bool(self.unaccounted),
            "held": cells["held"],
            "weak": cells["weak"],
            "accepted": cells["accepted"],
        }

    def exit_code(self, *, strict: bool | None = None) -> ExitCode:
        """0 pass, 1 a failed check, declared SLO or expired waiver, 3 undecided; no check at all is undecided.
        5 when a limit stopped it, whatever was found before."""
        if self.stopped:
            return ExitCode.LIMIT
        gated = self.gated if strict is None else (self.gated or strict)
        count = self.summary()
        if count["fail"] or self.expired or (gated and count["weak"]):
            return ExitCode.FAIL
        if count["inconclusive"] or count["invalid"] or not (self.checks or self.matrix):
            return ExitCode.PASS if self.tolerant else ExitCode.UNDECIDED
        return ExitCode.PASS

    def as_json(self) -> dict[str, Any]:
        """The document of `verify --json`."""
        return {
            "schema": SCHEMA,
            "mesh": self.mesh,
            "runtime": self.runtime,
            "profile": self.profile,
            "seed": self.seed,
            "alpha": self.alpha,
            "duration_s": round(self.duration_s, 3),
            "checks": [c.as_json() for c in self.checks],
            "matrix": [c.as_json() for c in self.matrix],
            "not_checked": [{"id": n.id, "reason": n.reason} for n in self.not_checked],
            "coverage": dict(self.coverage),
            "cost": dict(self.cost),
            "findings": [f.as_json() for f in self.findings],
            "ledger": {"attempts": self.attempts, "unaccounted": list(self.unaccounted)},
            "goal": self.bounds.as_json() if self.bounds else None,
            "goal_text": self.goal,
            "sidecars": self.sidecars,
            "envoy": self.envoy,
            "gated": self.gated,
            "tolerant": self.tolerant,
            "expired": list(self.expired),
            "files": dict(self.files),
            "stopped": self.stopped or None,
            "summary": self.summary(),
        }
