"""Three hops under mixed faults: no attempt is missed, every failure has one cause, nothing is left unmatched."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.accounts import conserved
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.faults import Down, Errors, Fault, Latency
from chaosmesh.faults.crash import Crash
from chaosmesh.ledger import Conservation, FaultEvent, Ledger
from chaosmesh.load import Record, RequestSpec
from chaosmesh.mesh import Retry, Timeout
from tests import meshes

pytestmark = pytest.mark.integration
OUTER, INNER = ("front", "mid"), ("mid", "leaf")
RETRY = Retry(2, None, statuses=(503,), on_reset=True, on_connect_failure=True, avoid_previous_hosts=True)
MESH = meshes.mesh(
    [meshes.workload("front", "mid"), meshes.workload("mid", "leaf"), meshes.workload("leaf")],
    [
        meshes.service("mid", meshes.route("mid", "all", {"mid": 1}, retry=RETRY, timeout=Timeout(1.0))),
        meshes.service("leaf", meshes.route("leaf", "all", {"leaf": 1}, retry=RETRY)),
    ],
)
SICK = Errors(id="sick", edge=INNER, status=503, share=0.3, seed=7)
SCHEDULE: tuple[tuple[float, float, Fault], ...] = (
    (0.15, 0.25, Latency(id="slow", edge=OUTER, ms=1_500)),
    (0.40, 0.45, Down(id="down", edge=INNER)),
    (0.60, 0.70, Crash(id="killed", node="mid", replica=0, role="sidecar")),
)
"""Parts of the run (0–1) between which a fault is in force, beside the errors all the time."""


@dataclass(frozen=True)
class Seen:
    """What a run left."""

    ledger: Ledger
    stream: int
    held: Conservation
    sent: int
    late: str | None


async def switch(stack: Stack, fault: Fault, *, on: bool) -> None:
    """Put a fault in or take it off, and note it as an experiment does."""
    begun = time.time_ns()
    await (fault.apply(stack.site) if on else fault.heal(stack.site))
    phase = "applied" if on else "healed"
    target = ">".join(fault.edge)
    event = FaultEvent(fault.id, phase, time.time_ns(), fault.kind, target, dict(fault.size), begun)
    stack.ledger.add_fault(event)


async def mixed(folder: Path, count: int, rate: float) -> Seen:
    """`count` requests at `rate` a second, while faults come and go by how many were answered."""
    async with Stack(MESH, load_scenario(None), RunFolder.create(folder, "mixed")) as stack:
        answered = 0

        def take(records: list[Record]) -> None:
            nonlocal answered
            answered += len(records)

        async def reach(part: float) -> None:
            def look() -> str:
                calls = len(stack.ledger.whole(*INNER, number).items)
                return "" if answered >= part * count else f"{answered} of {count} answers, {calls} calls"

            await stack.bell.until(
                look,
                seconds=count / rate + 60,
                what=f"{part:.0%} of the load",
            )

        number = stack.number("mixed")
        await switch(stack, SICK, on=True)
        url = stack.entry_url("front")
        running = await stack.begin(
            "mixed", url, "front", [RequestSpec()], rate, count=count, number=number, on_records=take
        )
        for begin, end, fault in SCHEDULE:
            await reach(begin)
            await switch(stack, fault, on=True)
            await reach(end)
            await switch(stack, fault, on=False)
        report = await running.done()
        await switch(stack, SICK, on=False)
        await stack.settled([report.stream], 60)
        held = await conserved(stack)
        return Seen(stack.ledger, report.stream, held, report.sent, report.late())


def judge(seen: Seen, folder: Path) -> None:
    """The accounts hold whatever the host does; which faults showed is told where the load was as planned."""
    ledger, stream = seen.ledger, seen.stream
    assert seen.held.differences == ()
    assert ledger.unmatched() == []
    assert ledger.complete(stream).missing == ()
    requests = ledger.requests(stream)
    assert len(requests) == seen.sent
    failed = [one for one in requests if not one.ok]
    causes = ledger.causes(stream)
    assert sum(causes.values()) == len(failed)
    assert {one.cause for one in requests if one.ok} == {None}
    by_kind = Counter[str]()
    for one, often in causes.items():
        by_kind[one.kind] += often
    assert by_kind["unattributed"] == 0, causes
    assert seen.late or {"slow", "down"} <= {one.name for one in causes if one.kind == "fault"}, causes
    lost = ledger.lost_rows()
    assert {one.partition(".")[0] for one in lost} <= {"mid"}
    assert ledger.killed.keys() == {"mid.0"}
    ledger.write(folder)
    assert Ledger.read(folder) == ledger
    assert Ledger.read(folder).causes(stream) == causes


def test_every_failure_has_one_cause_and_no_attempt_is_missed(tmp_path: Path):
    seen = asyncio.run(mixed(tmp_path, 3_000, 250.0))
    judge(seen, tmp_path / "ledger")


@pytest.mark.soak
def test_thirty_thousand_requests_over_three_hops_are_accounted_for(tmp_path: Path):
    seen = asyncio.run(mixed(tmp_path, 30_000, 300.0))
    print_figures(seen)
    judge(seen, tmp_path / "ledger")


def print_figures(seen: Seen) -> None:
    """What the run was, for whoever runs it by hand."""
    ledger, stream = seen.ledger, seen.stream
    requests = ledger.requests(stream)
    attempts = sum(len(call.attempts) for one in requests for call in one.calls)
    told = sum(seen.held.counters.values()), sum(seen.held.rows.values())
    print(f"{len(requests)} requests, {attempts} attempts; counters and rows of present lives {told}")
    print(f"lost rows {dict(ledger.lost_rows())}, unmatched {len(ledger.unmatched())}, late {seen.late}")
    for cause, often in ledger.causes(stream).most_common():
        print(f"{often:6d} {cause}")
