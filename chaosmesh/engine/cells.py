"""One cell of the resilience matrix: an edge under a fault, and what users feel at the entry."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from chaosmesh.engine.doses import Column, victim
from chaosmesh.engine.due import Due
from chaosmesh.engine.entrance import Entrance, entrance
from chaosmesh.engine.events import CellStarted, FaultChanged, Listener, Note, Progress
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.host import Watch, calm
from chaosmesh.engine.predict import Prediction, predict
from chaosmesh.engine.results import CellResult, CellVerdict
from chaosmesh.engine.slowness import excuse
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.standing_in import answered_elsewhere, dose_of
from chaosmesh.engine.tally import Tally
from chaosmesh.errors import DeadlineError
from chaosmesh.faults import Copy, Dose, Fault
from chaosmesh.judge import ALPHA, Evidence, Verdict, interval, judge, planned_for, worst
from chaosmesh.ledger import FaultEvent
from chaosmesh.load import Record, RequestSpec, Running
from chaosmesh.load.plan import Arrivals

FEWEST = 200
"""Requests that a cell gets even when its verdict is clear at once: percentiles need some."""

LOOK_EVERY = 25
"""Requests between two looks at the evidence: looking costs nothing in errors, but CPU."""

PATIENCE = 15.0

LINGER = 3.0
"""Bounds on latency that what hangs may take to end, once all is decided: so its real time is shown."""

ON_THE_WAY_S = 0.25
"""Seconds that an answer may be on its way from the generator to us before it counts as missing."""

SWITCHING = 1.0
"""Seconds that putting a fault in, draining and healing take."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What users send: a mix of requests (nothing: whatever leads along the edge) at a rate (requests/s)."""

    mix: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals
    seed: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything that is the same for all cells. `budget_s` bounds one cell's load."""

    goal: Goal
    traffic: Traffic
    emit: Listener
    budget_s: float = 30.0
    alpha: float = ALPHA


async def try_cell(stack: Stack, edge: tuple[str, str], column: Column, given: Conditions) -> CellResult:
    """The cell's verdict. What could not be measured is measured anew (where the host left no time for it: once it
    has); both times, what stays undecided is run once more and goes on from the same evidence."""
    first = await _measured(stack, edge, column, given)
    if first.verdict != "invalid":
        return first
    await calm(stack.keeper, [first.reason], lambda text: given.emit(Note(text)))
    second = await _measured(stack, edge, column, given)
    return replace(second, duration_s=first.duration_s + second.duration_s)


async def _measured(stack: Stack, edge: tuple[str, str], column: Column, given: Conditions) -> CellResult:
    tally = Tally(given.goal.p99_s * 1000)
    first = await _run(stack, edge, column, given, tally)
    if first.verdict != "inconclusive":
        return first
    second = await _run(stack, edge, column, given, tally)
    return replace(
        second, duration_s=first.duration_s + second.duration_s, streams=(*first.streams, *second.streams)
    )


async def _run(
    stack: Stack, edge: tuple[str, str], column: Column, given: Conditions, tally: Tally
) -> CellResult:
    begin = time.monotonic()
    goal, emit = given.goal, given.emit
    way = entrance(stack, edge)
    theory = foreseen(stack, way, edge, column)
    emit(CellStarted(edge, column.dose, _planned(given, theory.success)))
    fault = column.fault(
        f"{column.dose.kind}-{edge[0]}-{edge[1]}-{time.monotonic_ns() % 10**9:x}",
        edge,
        given.traffic.seed,
        struck(stack, edge),
    )
    watch = await Watch.of(stack)
    await _switch(stack, fault, given, on=True)
    try:
        running = await _load(
            stack, way, stack.number(f"{column.dose.kind} {edge[0]}>{edge[1]}"), column, given, tally
        )
    finally:
        await _switch(stack, fault, given, on=False)
    report = await running.done()
    tally.end()
    stream = running.stream.id
    problem = stack.fallen(watch.begin) or report.late(goal.p99_s * 1000) or await watch.starved()
    try:
        await stack.settled([stream])
    except DeadlineError as error:
        problem = problem or str(error)
    calls = [c for c in stack.ledger.calls(stream, *edge) if c.complete]
    attempts = [a for c in calls for a in c.attempts]
    dose = dose_of(fault, stack.mesh, attempts)
    verdict, reason = _verdict(given, tally, dose, problem)
    if verdict == "weak" and (crowded := _excuse(given, tally, watch)):
        verdict, reason = "invalid", f"{crowded} ({reason})"
    low, high = interval(tally.n, tally.ok, given.alpha * 2)
    return CellResult(
        edge=edge,
        fault=column.dose,
        entry=way.workload,
        n=tally.n,
        k=tally.ok,
        low=low,
        high=high,
        p50_ms=tally.quantile_ms(0.5),
        p99_ms=tally.quantile_ms(0.99),
        amplification=round(len(attempts) / len(calls), 4) if calls else None,
        predicted=theory.as_json(),
        verdict=verdict,
        reason=reason,
        duration_s=time.monotonic() - begin,
        fallback=answered_elsewhere(stack.mesh, edge[1], calls),
        streams=(stream,),
        evidence=(tally.success, tally.within),
    )


def estimate(stack: Stack, edge: tuple[str, str], column: Column, given: Conditions) -> float:
    """Seconds that the cell should take if the prediction holds. Calls that are held back until a timeout ends
    them count as slow once they are, and the last of them must be waited for."""
    fault = column.theory(edge)
    way = entrance(stack, edge)
    theory = foreseen(stack, way, edge, column)
    seconds = max(column.least_s, _planned(given, theory.success) / given.traffic.rate) + SWITCHING
    if fault.how == "slow" and (theory.success is None or theory.success < given.goal.success):
        routes = (route for service in stack.mesh.services for route in service.routes)
        seconds += given.goal.p99_s + max(
            (route.timeout.request or PATIENCE for route in routes), default=0.0
        )
    return seconds


def foreseen(stack: Stack, way: Entrance, edge: tuple[str, str], column: Column) -> Prediction:
    """What the policy predicts at an entry for an edge under a column's fault."""
    if column.strike is not None:
        return Prediction(
            None, None, unknown="which replica a retry goes to decides, and no closed form knows"
        )
    return predict(way.seen(stack.mesh), way.workload, column.theory(edge))


def struck(stack: Stack, edge: tuple[str, str]) -> Copy | None:
    """The replica that a column strikes, where the edge has several."""
    counts = {one.name: len(stack.topology.replicas_of(one.name)) for one in stack.mesh.workloads}
    return victim(stack.mesh, edge, counts)


def _planned(given: Conditions, predicted: float | None) -> int:
    """Requests for a verdict if the prediction holds (without one: if nothing fails): a broken goal shows soon, a
    kept one needs both claims."""
    success = 1.0 if predicted is None else predicted
    ok, latency = given.goal.requirements
    claims = [(ok, Evidence.share(10_000, round(success * 10_000)))]
    if success >= given.goal.success:
        claims.append((latency, Evidence.share(10_000, 10_000)))
    return max(FEWEST, *(planned_for(claim, expected, given.alpha) or 0 for claim, expected in claims))


async def _switch(stack: Stack, fault: Fault, given: Conditions, *, on: bool) -> None:
    begun = time.time_ns()
    await (fault.apply(stack.site) if on else fault.heal(stack.site))
    now = time.time_ns()
    target, size = ">".join(fault.edge), dict(fault.size)
    stack.ledger.add_fault(
        FaultEvent(fault.id, "applied" if on else "healed", now, fault.kind, target, size, begun)
    )
    given.emit(FaultChanged(fault.id, fault.edge, fault.kind, on, now))


async def _load(
    stack: Stack, way: Entrance, number: int, column: Column, given: Conditions, tally: Tally
) -> Running:
    """Load until everything is decided. What a column's replica holds is given some time to end, and is then cut by
    healing; other requests under way are waited for."""
    offset = tally.n  # a rerun goes on counting where the first run ended
    started = time.monotonic()
    shown = 0.0
    newest_ns = 0

    def take(records: list[Record]) -> None:
        nonlocal shown, newest_ns
        newest_ns = max([newest_ns, *(one.done_ns for one in records)])
        tally.add([replace(r, seq=r.seq + offset) for r in records] if offset else records)
        if (now := time.monotonic()) - shown > 0.25:
            shown = now
            given.emit(
                Progress(
                    column.dose.label,
                    tally.judged,
                    tally.ok,
                    0,
                    (tally.judged - offset) / max(now - started, 1e-3),
                )
            )

    traffic = given.traffic
    running = await stack.begin(
        f"{column.dose.kind} {way.workload}",
        way.url,
        way.host,
        traffic.mix or (way.request,),
        traffic.rate,
        arrivals=traffic.arrivals,
        duration=given.budget_s,
        seed=traffic.seed,
        number=number,
        patience=PATIENCE,
        tls=way.tls,
        on_records=take,
    )
    looked, due = 0, Due(running)

    def undecided() -> str:
        nonlocal looked
        early = time.monotonic() - started < column.least_s
        # Where a whole edge is slow others answer in time, and their answers tell how far we have read: no stall of our
        # own makes a request late. Where a replica hangs, all may.
        read_ns = newest_ns if column.strike is None else time.time_ns()
        tally.overdue(offset + due.before(read_ns - round((given.goal.p99_s + ON_THE_WAY_S) * 1e9)))
        if not early and tally.judged >= max(FEWEST, looked + LOOK_EVERY):
            looked = tally.judged
            verdicts = _claims(given, tally)
            if Verdict.FAIL in verdicts or Verdict.INCONCLUSIVE not in verdicts:
                # What a struck replica holds is cut by healing: that must not count as an error of the policy's.
                tally.decide(success=column.strike is not None or verdicts[0].decided)
                return ""
        return f"{tally.judged} requests, undecided"

    try:
        await stack.bell.until(undecided, seconds=given.budget_s, what="a verdict")
    except DeadlineError:
        pass
    finally:
        running.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER * given.goal.p99_s if column.strike is not None else None):
            await running.done()
    return running


def _claims(given: Conditions, tally: Tally) -> tuple[Verdict, Verdict]:
    success, latency = given.goal.requirements
    return (
        judge(success, tally.success, given.alpha).verdict,
        judge(latency, tally.within, given.alpha).verdict,
    )


def _excuse(given: Conditions, tally: Tally, watch: Watch) -> str | None:
    pairs = zip(given.goal.requirements, _claims(given, tally), strict=True)
    broken = [requirement for requirement, verdict in pairs if verdict is Verdict.FAIL]
    return excuse(watch, broken, tally.n, tally.well, given.alpha)


def _verdict(given: Conditions, tally: Tally, dose: Dose, problem: str | None) -> tuple[CellVerdict, str]:
    if problem:
        return "invalid", problem
    if not dose.attempts:
        return "invalid", "no attempt was made on the edge: the traffic does not come this way"
    if not dose.delivered:
        return "invalid", f"the fault met none of {dose.attempts:,} attempts"
    return verdict_of(given.goal, tally.success, tally.within, given.alpha)


def verdict_of(goal: Goal, ok: Evidence, within: Evidence, alpha: float) -> tuple[CellVerdict, str]:
    """What users felt, against the goal; why."""
    success, latency = goal.requirements
    decisions = (judge(success, ok, alpha), judge(latency, within, alpha))
    overall = worst(d.verdict for d in decisions)
    reason = "; ".join(d.reason for d in decisions if d.verdict is overall)
    words: dict[Verdict, CellVerdict] = {
        Verdict.PASS: "held",
        Verdict.FAIL: "weak",
        Verdict.INCONCLUSIVE: "inconclusive",
        Verdict.INVALID: "invalid",
    }
    return words[overall], reason
