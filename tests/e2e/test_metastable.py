"""An overload that outlives its cause: half the capacity is all that one retry leaves (HotOS'21), on real Envoys.

A stand-in serves 80 requests a second, one after another. Its capacity is cut until attempts time out, then given back.
Below 40 requests a second the queue drains although everybody comes twice; above it never does, unless a budget bounds
the retries.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.host import Watch
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.stability import Capacity, cause_of, stability_of
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DeadlineError
from chaosmesh.judge.oracle_overload import hidden_capacity
from chaosmesh.judge.stability import Stability
from chaosmesh.ledger import FaultEvent
from chaosmesh.load import RequestSpec

from .documents import chain, service
from .stage import Stage, fair, stage

pytestmark = pytest.mark.e2e

CAPACITY, CUT, TIMEOUT_MS = 80.0, 4.0, 250
BOUNDARY = hidden_capacity(CAPACITY, 1)
RATES = {"below": 0.9 * BOUNDARY, "above": 1.1 * BOUNDARY, "budget": 1.1 * BOUNDARY}
TIMED_OUT = 40
"""Attempts that must have timed out before the capacity is given back: then nobody is answered in time any more."""

CALM = 40
"""Requests that are answered well before the capacity is cut."""

LONGEST = 60.0
"""Seconds of load; a queue of this size drains in a fifth of it."""

RETRY = {
    "maxRetries": 1,
    "perRetryTimeout": {"unit": "ms", "value": TIMEOUT_MS},
    "httpRetryEvents": ["gateway-error"],
}


@dataclass
class Story:
    """One edge from its calm through the cut to its end; `kinds`: what it was called at each look."""

    name: str
    rate: float
    kinds: list[str]
    last: Stability | None = None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("metastable")
    (folder / "documents").mkdir()
    for name in RATES:
        chain(folder / "documents", [f"front-{name}", name], retry=RETRY)
    workloads = "".join(f"  {name}: {{capacity: {CAPACITY}, replicas: 1}}\n" for name in RATES)
    budget = "retry_budgets: [{to: budget, percent: 20, at_least: 3}]\n"
    (folder / "chaosmesh.yaml").write_text(f"workloads:\n{workloads}{budget}")
    scenario = load_scenario(folder)
    mesh = policy(load([folder / "documents"]), scenario)
    with stage(mesh, folder / "runs", scenario) as it:
        yield it


@pytest.fixture(scope="module")
def stories(demo: Stage) -> dict[str, Story]:
    """A queue that a host without time to spare has made, or has not let drain, is another experiment."""

    async def all_of_them() -> tuple[list[Story], str | None]:
        watch = await Watch.start(demo.stack.keeper)
        found = await asyncio.gather(*(told(demo.stack, name, rate) for name, rate in RATES.items()))
        return found, None if all(map(as_foretold, found)) else await watch.starved() or undecided(found)

    found, _ = fair(lambda: demo.run(all_of_them()), lambda made: made[1])
    for one in found:
        print(f"{one.name} {one.rate:.0f}/s: {' '.join(dict.fromkeys(one.kinds))}; {one.last}")
    return {one.name: one for one in found}


def as_foretold(story: Story) -> bool:
    """Stuck above the boundary, recovered below it and where there is a budget."""
    if story.name == "above":
        return story.kinds[-1:] == ["stuck"]
    return story.kinds[-1:] == ["recovered"] and "stuck" not in story.kinds


def undecided(stories: list[Story]) -> str | None:
    """Which of them has no end yet that could be told, which is no wrong one."""
    told = (f"{one.name}: {one.last}" for one in stories if one.kinds[-1:] not in (["stuck"], ["recovered"]))
    return next(told, None)


async def told(stack: Stack, name: str, rate: float) -> Story:
    """Load on one edge until it is clear what becomes of it."""
    client = f"front-{name}"
    running = await stack.begin(
        name,
        stack.egress_url(client, service(name)),
        service(name),
        [RequestSpec()],
        rate,
        duration=LONGEST,
        patience=5.0,
    )
    stream, edge = running.stream.id, (client, service(name))
    story = Story(name, rate, [])

    def calm() -> str:
        ok = sum(one.ok for one in stack.ledger.requests(stream))
        return "" if ok >= CALM else f"{ok} good answers"

    def timed_out() -> str:
        calls = stack.ledger.calls(stream, *edge)
        cut = sum("UT" in attempt.flags for call in calls for attempt in call.attempts)
        return "" if cut >= TIMED_OUT else f"{cut} attempts timed out"

    def clear() -> str:
        found = stability(stack, stream, name)
        story.last = found
        story.kinds += [found.kind] if found else []
        return "" if found and found.kind in ("recovered", "stuck") else f"{found}"

    try:
        await stack.bell.until(calm, seconds=LONGEST, what="a calm beginning")
        await capacity(stack, name, "applied", CUT)
        await stack.bell.until(timed_out, seconds=LONGEST, what="a queue that is too long")
        await capacity(stack, name, "healed", CAPACITY)
        with contextlib.suppress(DeadlineError):  # the last look tells what it is by now
            await stack.bell.until(clear, seconds=LONGEST, what="an end of the queue, or none")
    finally:
        running.stop()
    await running.done()
    return story


async def capacity(stack: Stack, name: str, phase: str, value: float) -> None:
    [replica] = stack.topology.replicas_of(name)
    await stack.runtime.configure(replica, capacity=value)
    event = FaultEvent(name, phase, time.time_ns(), "overload", f">{name}", {"capacity": value})  # type: ignore[arg-type]
    stack.ledger.add_fault(event)


def stability(stack: Stack, stream: int, name: str) -> Stability | None:
    """What is known of one edge by now; the other edges' faults are none of its business."""
    cause = cause_of(stack.ledger, [stream], name)
    return stability_of(stack.ledger, [stream], {name: Capacity(CAPACITY)}, cause) if cause else None


def test_below_half_the_capacity_it_drains_and_is_never_called_stuck(stories: dict[str, Story]) -> None:
    below = stories["below"]
    assert below.kinds[-1] == "recovered"
    assert "stuck" not in below.kinds


def test_above_half_the_capacity_it_is_stuck(stories: dict[str, Story]) -> None:
    above = stories["above"].last
    assert above is not None
    assert above.kind == "stuck"
    assert above.goodput < 0.1
    assert above.growth is not None
    assert above.growth > 0


def test_the_same_load_recovers_where_a_budget_bounds_the_retries(stories: dict[str, Story]) -> None:
    assert stories["budget"].kinds[-1] == "recovered"
    assert "stuck" not in stories["budget"].kinds
