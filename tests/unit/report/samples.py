"""Results and events made by hand, in the shape a run of the airport gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.engine.events import (
    CellFinished,
    CellStarted,
    CheckFinished,
    CureTried,
    Event,
    FaultChanged,
    Note,
    PhaseStarted,
    Progress,
    RunFinished,
    RunStarted,
)
from chaosmesh.engine.results import (
    CellResult,
    CheckResult,
    Cure,
    FaultDose,
    Finding,
    NotChecked,
    ResourceRef,
    VerifyResult,
)
from chaosmesh.errors import Where
from chaosmesh.judge import Verdict

PLACE = Where("weather-route.json", 12, 9)

ERRORS = FaultDose("errors", "503 30 %", {"status": 503, "share": 0.3})
LATENCY = FaultDose("latency", "+300 ms", {"ms": 300})
DOWN = FaultDose("down", "all down")

DEPARTURES = ("departures", "flights.airport.local")
WEATHER = ("flights", "weather.airport.local")


def check(
    field: str = "retryPolicy.maxRetries",
    verdict: Verdict = Verdict.PASS,
    *,
    parent: str = "virtualRouter/weather-router/route/weather-route",
    statement: str = "a failing call is tried 2 more times",
    reason: str = "",
    observed: dict[str, Any] | None = None,
    where: Where = PLACE,
) -> CheckResult:
    """A check of one rule."""
    return CheckResult(
        id=f"{parent}/{field}",
        resource=ResourceRef(parent.split("/")[-2], parent.split("/")[-1], where),
        statement=statement,
        basis="documented",
        verdict=verdict,
        reason=reason,
        observed={"attempts": 3} if observed is None else observed,
        expected={"attempts": 3},
        n=120,
        duration_s=0.42,
    )


def cell(
    edge: tuple[str, str],
    fault: FaultDose,
    verdict: Any = "held",
    *,
    k: int = 1238,
    n: int = 1240,
    p99_ms: float | None = 331.2,
    reason: str = "",
    rule: Where | None = None,
) -> CellResult:
    """A cell of the matrix."""
    return CellResult(
        edge=edge,
        fault=fault,
        entry="departures",
        n=n,
        k=k,
        low=0.991 if n else 0.0,
        high=0.9999 if n else 1.0,
        p50_ms=21.5 if p99_ms is not None else None,
        p99_ms=p99_ms,
        amplification=1.42 if n else None,
        predicted={"success": 0.9992, "amplification": 1.428},
        verdict=verdict,
        reason=reason,
        rule=rule,
        duration_s=4.9,
    )


SLOW = "p99 2.03 s, goal 1 s"

MATRIX = (
    cell(DEPARTURES, ERRORS),
    cell(DEPARTURES, LATENCY),
    cell(
        DEPARTURES,
        DOWN,
        "accepted",
        k=0,
        p99_ms=None,
        reason="accepted until 2027-01-31: no second flight desk",
    ),
    cell(WEATHER, ERRORS, k=1240),
    cell(WEATHER, LATENCY, "weak", p99_ms=2030.0, reason=SLOW, rule=Where("weather-route.json", 14, 9)),
    cell(WEATHER, DOWN, "inconclusive", n=310, k=306, reason="310 requests within the budget, 1,100 needed"),
)

CURE = Cure(
    edge=WEATHER,
    fault=LATENCY,
    change="perRetryTimeout 250 ms",
    where=Where("weather-route.json", 14, 9),
    before="p99 2.03 s",
    after="p99 0.29 s, 1.5 calls a request",
    worked=True,
)

FINDING = Finding(
    title="flights → weather, +300 ms: p99 2.03 s, goal 1 s (1,240 requests)",
    detail="perRetryTimeout 2 s: a slow replica holds every second call",
    where=Where("weather-route.json", 14, 9),
    cure=CURE,
)


def result(**changes: Any) -> VerifyResult:
    """A run with one weak cell, one undecided and one accepted."""
    fields: dict[str, Any] = {
        "mesh": "airport",
        "runtime": "process",
        "profile": "appmesh",
        "seed": 7,
        "alpha": 0.01,
        "duration_s": 58.24,
        "checks": (
            check(),
            check("timeout.perRequest", statement="a call is answered with 504 after 2 s"),
            check(
                "listeners.8080.outlierDetection",
                parent="virtualNode/weather",
                statement="a replica is ejected after 5 errors",
                where=Where("weather-node.yaml", 31, 7),
            ),
        ),
        "matrix": MATRIX,
        "not_checked": (
            NotChecked("virtualNode/weather/logging", "what an application logs has no effect on calls"),
        ),
        "coverage": {"clauses": 4, "exercised": 3, "asserted": 3},
        "cost": {"ms_per_hop": 0.42, "sidecar_mb": 18.1},
        "findings": (FINDING,),
        "gated": False,
        "goal": "99 % ok, p99 ≤ 1 s, the defaults",
        "sidecars": 5,
        "envoy": "1.40",
    }
    return VerifyResult(**(fields | changes))


def clean_result(**changes: Any) -> VerifyResult:
    """A run in which everything holds."""
    return result(matrix=MATRIX[:2], findings=(), not_checked=(), **changes)


def broken_result() -> VerifyResult:
    """A run with a failed and an undecided check, an expired waiver and an invalid cell."""
    return result(
        checks=(
            check(verdict=Verdict.FAIL, observed={"attempts": 1}, reason="no attempt followed the first"),
            check("timeout.perRequest", Verdict.INVALID, observed={}, reason="no call took longer than 2 s"),
            check("match.prefix"),
        ),
        matrix=(
            *MATRIX[:5],
            cell(WEATHER, DOWN, "invalid", n=0, k=0, p99_ms=None, reason="the generator was late"),
        ),
        expired=("departures → flights, all down: until 2026-06-30",),
        gated=True,
    )


def events(outcome: VerifyResult | None = None, folder: str = "") -> Iterator[Event]:
    """The events of such a run, in order."""
    outcome = outcome or result()
    yield RunStarted(outcome.mesh, "appmesh", 7, 5, "1.40", folder, outcome.goal, 60.0)
    yield PhaseStarted("start", 0)
    yield PhaseStarted("checks", len(outcome.checks))
    for done in outcome.checks:
        yield CheckFinished(done)
    yield PhaseStarted("matrix", len(outcome.matrix))
    for one in outcome.matrix:
        yield CellStarted(one.edge, one.fault, 1100)
        yield FaultChanged("f1", one.edge, one.fault.kind, True, 1_790_000_000_000_000_000)
        yield Progress("", 620, 618, 1100, 249.6)
        yield CellFinished(one)
    yield Note("the host was busy for 0.3 s")
    for finding in outcome.findings:
        if finding.cure:
            yield CureTried(finding.cure)
    yield RunFinished(outcome, folder)
