"""Retries on every layer multiply: three layers of four attempts are 64 calls of the leaf; budgets keep them from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.inputs import policy
from chaosmesh.judge.oracle import Hop, worst_case
from chaosmesh.mesh import RequestFault

from .documents import chain, service
from .stage import Sent, Stage, fair, send, stage

pytestmark = pytest.mark.e2e

NODES = ["front", "middle", "lower", "leaf"]
EDGES = [(client, service(name)) for client, name in pairwise(NODES)]
RETRY = {
    "maxRetries": 3,
    "perRetryTimeout": {"unit": "s", "value": 15},
    "httpRetryEvents": ["gateway-error"],
}


@contextmanager
def running(folder: Path, scenario: str) -> Iterator[Stage]:
    """The chain; its leaf fails always, in the callee's sidecar, after 100 ms where there are
    budgets: they are shares of what is under way."""
    (folder / "documents").mkdir()
    chain(folder / "documents", NODES, retry=RETRY)
    (folder / "chaosmesh.yaml").write_text(scenario)
    wanted = load_scenario(folder)
    with stage(policy(load([folder / "documents"]), wanted), folder / "runs", wanted) as demo:
        fault = RequestFault("down", *EDGES[-1], 1.0, 7, status=503, delay_ms=100 if scenario else 0)
        demo.run(demo.stack.site.inject(fault))
        yield demo


def attempts(demo: Stage, sent: Sent) -> list[float]:
    """Attempts a call, edge by edge from the top."""
    made = [demo.stack.ledger.calls(sent.stream, *edge) for edge in EDGES]
    return [sum(len(one.attempts) for one in calls) / len(calls) for calls in made]


def test_three_layers_of_four_attempts_call_the_leaf_exactly_64_times(tmp_path: Path) -> None:
    leaf = Hop("leaf", share=1.0, retries=3)
    tree = Hop("middle", retries=3, calls=(Hop("lower", retries=3, calls=(leaf,)),))
    assert worst_case(tree) == {"middle": 4, "lower": 16, "leaf": 64}
    with running(tmp_path, "") as demo:
        sent = demo.run(send(demo.stack, *EDGES[0], count=3, rate=2, patience=60))
        for request in sent.requests:
            mine = [one for one in request.calls if (one.client, one.service) == EDGES[-1]]
            assert sum(len(one.attempts) for one in mine) == 64
            assert len({attempt.lineage for one in mine for attempt in one.attempts}) == 64


def test_budgets_of_20_percent_keep_the_storm_from_every_layer(tmp_path: Path) -> None:
    """One in five under way may be a retry: a quarter more at most, and a tenth at this load on a quiet host."""
    budgets = "".join(f"  - {{to: {name}, percent: 20, at_least: 0}}\n" for name in NODES[1:])
    with running(tmp_path, f"retry_budgets:\n{budgets}") as demo:
        sent = fair(
            lambda: demo.run(send(demo.stack, *EDGES[0], count=300, rate=60, bound_ms=2000)),
            lambda made: made.starved,
        )
        found = attempts(demo, sent)
        print("attempts a call:", ", ".join(f"{one:.2f}" for one in found))
        assert all(one <= 1 / (1 - 0.2) for one in found)
        assert max(found) > 1  # some retries were allowed
