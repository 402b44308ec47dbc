"""What a plain Envoy loses of a retry policy that App Mesh kept: its breaker lets three retries through at once.

Two retries on a 503, 30 % of the attempts fail, and an attempt takes 20 ms whether it fails or not.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.effective import check
from chaosmesh.engine.explain import explain
from chaosmesh.engine.forecast import Asked, Forecast, forecast, measured
from chaosmesh.engine.modelled import Behind, Programs
from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.stack import Stack
from chaosmesh.judge import interval, oracle
from chaosmesh.ledger import Conservation, parse_stats
from chaosmesh.mesh import RequestFault

from .documents import chain, service
from .stage import Sent, Stage, fair, policy, send, stage

pytestmark = pytest.mark.e2e

SHARE, RETRIES, SEED = 0.3, 2, 7
RATE, COUNT, TAKES_MS = 500, 4_000, 20
IDLE_DEADLINE = 30.0
PROGRAMS = Programs({"back": Behind((TAKES_MS / 1000,))})


@dataclass(frozen=True)
class Seen:
    """One profile under the fault."""

    sent: Sent
    attempts: float
    overflow: int
    conservation: Conservation
    forecast: Forecast
    explained: tuple[str, ...]

    @property
    def interval(self) -> tuple[float, float]:
        statuses = self.sent.statuses
        return interval(len(statuses), statuses.count(200), 1e-6)


def stats(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{address}:9901/stats?format=json", timeout=20) as answer:
        return json.load(answer)


async def counters(stack: Stack) -> tuple[dict[str, dict[str, dict[str, int]]], int]:
    """Counters of every sidecar once no attempt is under way, and how many retries the breakers refused."""
    async with asyncio.timeout(IDLE_DEADLINE):
        while True:
            read = {one.key: await asyncio.to_thread(stats, one.sidecar) for one in stack.topology.replicas}
            told = {key: parse_stats(one) for key, one in read.items()}
            if not any(
                values["upstream_rq_active"]
                for clusters in told.values()
                for name, values in clusters.items()
                if name.startswith("cds_egress_")  # the streams to the control plane never end
            ):
                break
            await asyncio.sleep(0.05)
    refused = [
        stat["value"]
        for one in read.values()
        for stat in one["stats"]
        if stat.get("name", "").endswith(".upstream_rq_retry_overflow")
    ]
    return told, sum(refused)


@contextmanager
def running(folder: Path, profile: str) -> Iterator[Stage]:
    (folder / "documents").mkdir()
    (folder / "chaosmesh.yaml").write_text(f"workloads: {{back: {{latency: {TAKES_MS}ms}}}}\n")
    mesh = policy(load([chain(folder / "documents", ["front", "back"])]), profile)
    with stage(mesh, folder / "runs", load_scenario(folder)) as it:
        yield it


def under_the_fault(folder: Path, profile: str) -> Seen:
    with running(folder, profile) as demo:
        edge = ("front", service("back"))
        fault = RequestFault("e1", *edge, SHARE, SEED, status=503, delay_ms=TAKES_MS)

        async def work() -> Seen:
            await demo.stack.site.inject(fault)
            sent = await send(demo.stack, *edge, count=COUNT, rate=RATE, bound_ms=1000)
            told, refused = await counters(demo.stack)
            attempts = sum(len(call.attempts) for call in sent.calls) / len(sent.calls)
            await check(demo.stack.mesh, {"front": demo.stack.topology.replicas_of("front")[0].sidecar})
            foretold = forecast(
                demo.stack.mesh,
                measured(PROGRAMS, demo.stack.ledger, [sent.stream], demo.stack.mesh),
                Asked("front", RATE, COUNT),
                [FailingEdge(edge, SHARE, 503, "answered", TAKES_MS / 1000)],
            )
            seen = {"success": sent.ok, f"attempts {'>'.join(edge)}": attempts}
            why = explain(foretold, seen, sent.calls)
            return Seen(sent, attempts, refused, demo.stack.ledger.conservation(told), foretold, why)

        return demo.run(work())


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for profile in ("appmesh", "envoy"):
        one = found[profile] = fair(
            lambda profile=profile: under_the_fault(tmp_path_factory.mktemp(profile), profile),
            lambda made: made.sent.starved,  # a burst after a stall is another experiment
        )
        print(
            f"{profile}: {one.sent.ok:.2%} of {COUNT} ok at {RATE}/s, {one.attempts:.3f} attempts a call, "
            f"{one.overflow} retries refused; predicted {one.forecast.figures}"
        )
    return found


def test_app_mesh_kept_the_policy_at_every_rate(seen: dict[str, Seen]) -> None:
    one = seen["appmesh"]
    low, high = one.interval
    assert low <= oracle.success(SHARE, RETRIES) <= high
    assert one.overflow == 0
    assert one.attempts == pytest.approx(oracle.attempts(SHARE, RETRIES), abs=0.06)


def test_plain_envoy_refuses_retries(seen: dict[str, Seen]) -> None:
    assert seen["envoy"].overflow > 0
    assert seen["envoy"].sent.ok <= seen["appmesh"].sent.ok
    given_up = [call for call in seen["envoy"].sent.calls if call.status == 503 and len(call.attempts) < 3]
    assert len(given_up) == seen["envoy"].overflow


@pytest.mark.parametrize("profile", ["appmesh", "envoy"])
def test_both_are_predicted_within_their_intervals(seen: dict[str, Seen], profile: str) -> None:
    one = seen[profile]
    figures = one.forecast.figures
    edge = f"front>{service('back')}"
    assert figures["success"].holds(one.sent.ok)
    assert figures[f"attempts {edge}"].holds(one.attempts)
    assert figures[f"overflow {edge}"].holds(one.overflow / COUNT)
    if profile == "appmesh":
        assert figures["success"] == pytest.approx(0.973)
        assert one.explained == ()
    else:
        assert figures["success"] < 0.86
        assert "retries without limits would give 97.3%" in one.explained[0]
        assert any(
            f"{one.overflow:,} of {COUNT:,} calls were not tried again" in text for text in one.explained
        )


@pytest.mark.parametrize("profile", ["appmesh", "envoy"])
def test_the_ledger_has_every_attempt_that_envoy_counted(seen: dict[str, Seen], profile: str) -> None:
    conservation = seen[profile].conservation
    assert conservation.ok, conservation.differences
    key = next(key for key in conservation.counters if key[0] == "front.0" and "back" in key[1])
    assert conservation.counters[key] == sum(len(call.attempts) for call in seen[profile].sent.calls)
