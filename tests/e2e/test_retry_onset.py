"""From which rate on plain Envoy's three retries at once are too few: Little's law says it, real sidecars show it.

The onset is the rate at which as many retries want to be under way as there are places. There Erlang's formula refuses
9 of 26, and at other rates other shares: so the shares that are seen at a few rates tell where the onset is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.host import Watch
from chaosmesh.judge.oracle_overload import onset, refused
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import RequestFault

from .documents import chain, service
from .stage import Stage, fair, policy, stage

pytestmark = pytest.mark.e2e

SHARE, RETRIES, LIMIT, TAKES_MS = 0.3, 2, 3, 20
EDGE = ("front", service("back"))
RATES = (150, 220, 300)
"""Around the onset of some 205 a second."""


@dataclass(frozen=True)
class Step:
    """A rate: how many calls wanted a retry, how many of those were refused, and what an attempt took (s)."""

    rate: float
    wanted: int
    refused: int
    latency: float
    starved: str | None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("onset")
    (folder / "documents").mkdir()
    (folder / "chaosmesh.yaml").write_text(f"workloads: {{back: {{latency: {TAKES_MS}ms}}}}\n")
    mesh = policy(load([chain(folder / "documents", ["front", "back"])]), "envoy")
    with stage(mesh, folder / "runs", load_scenario(folder)) as it:
        it.run(it.stack.site.inject(RequestFault("e1", *EDGE, SHARE, 7, status=503, delay_ms=TAKES_MS)))
        yield it


async def step(demo: Stage, rate: float, seconds: float) -> Step:
    """Independent arrivals: those that Erlang's formula is about."""
    stack = demo.stack
    watch = await Watch.start(stack.keeper)
    running = await stack.begin(
        "onset",
        stack.egress_url(*EDGE),
        EDGE[1],
        [RequestSpec()],
        rate,
        duration=seconds,
        arrivals="poisson",
        seed=round(rate),
    )
    report = await running.done()
    await stack.settled([running.stream.id], 60)
    calls = stack.ledger.calls(running.stream.id, *EDGE)
    no = sum("UO" in one.flags for one in calls)
    took = [attempt.duration_ms / 1000 for one in calls for attempt in one.attempts]
    again = sum(len(one.attempts) > 1 for one in calls)
    late = report.late(1000) or await watch.starved()
    return Step(rate, again + no, no, sum(took) / len(took), late)


def fitted(steps: list[Step]) -> float:
    """The rate at which LIMIT retries are wanted at once: the likeliest one, if they are wanted in proportion to it."""

    def likelihood(onset_rate: float) -> float:
        total = 0.0
        for one in steps:
            share = refused(LIMIT * one.rate / onset_rate, LIMIT)
            total += one.refused * math.log(share) + (one.wanted - one.refused) * math.log(1 - share)
        return total

    return max((float(rate) for rate in range(60, 800)), key=likelihood)


def held_to_the_law(demo: Stage, rates: tuple[int, ...], seconds: float, tolerance: float) -> None:
    steps = [
        fair(lambda rate=rate: demo.run(step(demo, rate, seconds)), lambda made: made.starved)  # type: ignore[misc]
        for rate in rates
    ]
    latency = sum(one.latency for one in steps) / len(steps)
    told, seen = onset(LIMIT, SHARE, RETRIES, latency), fitted(steps)
    shares = ", ".join(f"{one.refused / one.wanted:.0%} at {one.rate:.0f}/s" for one in steps)
    print(
        f"onset {seen:.0f}/s seen ({shares}), {told:.0f}/s predicted with attempts of {1000 * latency:.1f} ms"
    )
    assert seen == pytest.approx(told, rel=tolerance)


def test_the_onset_of_refused_retries_is_where_littles_law_puts_it(demo: Stage) -> None:
    held_to_the_law(demo, RATES, 4.0, 0.2)


@pytest.mark.soak
def test_the_onset_over_many_rates(demo: Stage) -> None:
    held_to_the_law(demo, (60, 100, 140, 180, 220, 260, 300, 350, 400), 12.0, 0.15)
