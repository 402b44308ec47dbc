"""The example colorapp: its route updates put in force while users call, one after another."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from chaosmesh.appmesh import Resources, load
from chaosmesh.judge import SplitDecision, judge_split
from chaosmesh.ledger import Call
from chaosmesh.load import RequestSpec

from .stage import Stage, policy, stage

pytestmark = pytest.mark.e2e

CLIENT, SERVICE, NODE = "colorgateway-vn", "colorteller.demo.local", "colorteller-{}-vn"
VARIABLES = {"EnvironmentName": "demo", "ServicesDomain": "demo.local", "AppMeshMeshName": "colors"}
UPDATES = {
    "colorteller-route-blue-100.json": {"blue": 1},
    "colorteller-route-blue-80-red-20.json": {"blue": 8, "red": 2},
    "colorteller-route-red-100.json": {"red": 1},
    "colorteller-route-black-80-blue-20.json": {"black": 8, "blue": 2},
    "colorteller-route-black-100.json": {"black": 1},
}
RATE = 300.0
FEWEST = 300
ALPHA = 1e-4
"""A split that is as written is called wrong once in so many runs; it takes 4,500 calls to be called right."""


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "examples" / "apps" / "colorapp" / "servicemesh"


@pytest.fixture(scope="module")
def resources(folder: Path) -> Resources:
    return load([folder / "appmesh-colorapp.yaml"], variables=VARIABLES)


@pytest.fixture(scope="module")
def demo(resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(policy(resources), tmp_path_factory.mktemp("runs")) as running:
        yield running


def split_of(calls: Iterable[Call], file: str) -> SplitDecision:
    """First attempts of calls by their target, against the weights of an update."""
    weights = {NODE.format(color): float(weight) for color, weight in UPDATES[file].items()}
    return judge_split(weights, Counter(c.attempts[0].server for c in calls if c.attempts), alpha=ALPHA)


def test_every_update_is_in_force_for_each_call_that_starts_after_it(
    demo: Stage, resources: Resources, folder: Path
) -> None:
    stack = demo.stack

    async def walk() -> tuple[int, list[tuple[str, int, int, str]]]:
        running = await stack.begin(
            "canary", stack.egress_url(CLIENT, SERVICE), SERVICE, [RequestSpec()], RATE, duration=300
        )
        stream = running.stream.id
        spans, now = [], resources
        for file in UPDATES:
            now = now.updated([folder / "config" / "update_routes" / file], variables=VARIABLES)
            await stack.apply(policy(now))
            begin = time.time_ns()
            seen, reason = 0, ""

            def undecided(file: str = file, begin: int = begin) -> str:
                nonlocal seen, reason
                if len(stack.ledger.records) < seen + FEWEST:
                    return f"{len(stack.ledger.records) - seen} more answers"
                seen = len(stack.ledger.records)
                mine = [c for c in stack.ledger.calls(stream) if c.start_ns >= begin and c.complete]
                decision = split_of(mine, file)
                reason = f"{decision.verdict}: {decision.reason}"
                return "" if decision.decided and decision.n >= FEWEST else reason

            await stack.bell.until(undecided, seconds=100, what=f"the split of {file}")
            spans.append((file, begin, time.time_ns(), reason))
        running.stop()
        await running.done()
        await stack.settled([stream], 60)
        return stream, spans

    stream, spans = demo.run(walk())
    requests = stack.ledger.requests(stream)
    assert all(0 < one.status < 500 for one in requests), Counter(one.status for one in requests)
    calls = stack.ledger.calls(stream, CLIENT, SERVICE)
    hashes = []
    for file, begin, end, reason in spans:
        mine = [c for c in calls if begin <= c.start_ns < end]
        stale = Counter(c.route_hash for c in mine)
        assert len(stale) == 1, f"{file}: {stale}"
        hashes += stale
        print(f"{file}: {reason}")
        assert reason.startswith("pass")
    assert len(set(hashes)) == len(UPDATES)
    last = stack.ledger.route_hashes(CLIENT, SERVICE, spans[-1][1], stream)
    assert set(last) == {hashes[-1]}
