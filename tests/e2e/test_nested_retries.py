"""Retries on two hops above a flaky leaf: each attempt fails by itself, and a seed draws the same victims again."""

from __future__ import annotations

import pytest

from chaosmesh.appmesh import load
from chaosmesh.envoy import is_victim
from chaosmesh.faults import Errors
from chaosmesh.judge.oracle import Hop, predict

from .documents import chain, service
from .stage import Sent, fair, policy, send, stage

pytestmark = pytest.mark.e2e

SHARE, SEED, COUNT = 0.3, 11, 3_000
LEAF = ("mid", service("leaf"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("nested")
    (folder / "documents").mkdir()
    mesh = policy(load([chain(folder / "documents", ["front", "mid", "leaf"])]))
    with stage(mesh, folder / "runs") as demo:
        stack = demo.stack

        async def work() -> Sent:
            return await send(
                stack, "front", service("mid"), count=COUNT, rate=250, entry=True, bound_ms=1000
            )

        demo.run(Errors("flaky", LEAF, 503, SHARE, SEED).apply(stack.site))
        sent = fair(lambda: demo.run(work()), lambda made: made.starved if made.ok < 0.999 else None)
        yield sent, stack.ledger.calls(sent.stream, *LEAF)


def test_what_two_hops_of_retries_leave_of_30_percent_errors(run) -> None:
    sent, leaf = run
    top = Hop("front>mid", retries=2, calls=(Hop("mid>leaf", share=SHARE, retries=2),))
    _, expected = predict(top)
    attempts = sum(len(call.attempts) for call in leaf)
    print(
        f"{sent.ok:.3%} of {COUNT} ok, {attempts} attempts at the leaf ({attempts / COUNT:.3f} a request, "
        f"predicted {expected.attempts_per_request:.3f})"
    )
    assert sent.ok >= 0.999
    assert attempts / COUNT == pytest.approx(expected.attempts_per_request, abs=0.06)
    assert any(len(call.attempts) > 1 for call in sent.calls)


def test_the_victims_follow_from_the_seed_and_the_ids_alone(run) -> None:
    _, leaf = run
    edge = ">".join(LEAF)
    seen = [
        (call.request_id, one.lineage, one.number, bool(one.victim))
        for call in leaf
        for one in call.attempts
        if one.matched
    ]
    drawn = [
        (request, lineage, number, is_victim(SHARE, SEED, request, lineage.rpartition(".")[0], edge, number))
        for request, lineage, number, _ in seen
    ]
    assert len(seen) >= COUNT
    assert seen == drawn
    other = [
        is_victim(SHARE, SEED + 1, request, lineage.rpartition(".")[0], edge, number)
        for request, lineage, number, _ in seen
    ]
    assert other != [one[-1] for one in seen]
