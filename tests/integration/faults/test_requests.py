"""Request faults, decided by real sidecars behind pooled connections."""

from __future__ import annotations

import math

import pytest

from chaosmesh.envoy.victims import is_victim
from chaosmesh.faults import Delay, Errors
from chaosmesh.ledger import Attempt
from chaosmesh.load import RequestSpec, request_id
from tests.integration.faults import outside_connections
from tests.integration.faults.bench import COLOR, TALK, Bench

pytestmark = pytest.mark.integration
SHARE, SEED, STREAM, COUNT = 0.3, 11, 77, 500
Z = 4.9
"""Standard deviations that one run in a million strays."""

TICK_MS = 2
"""Envoy's timers go by whole milliseconds."""


@pytest.fixture(autouse=True)
def as_before(bench: Bench):
    yield
    bench.run(bench.well())


def hits(bench: Bench) -> set[str]:
    """Request ids whose first attempt was a victim."""
    return {
        call.request_id
        for call in bench.stack.ledger.calls(STREAM, *COLOR)
        if call.attempts[0].victim == "flaky"
    }


def test_the_same_seed_hits_the_same_requests_twice_and_another_one_others(bench: Bench) -> None:
    found, shares = [], []
    for seed in (SEED, SEED, SEED + 1):
        fault = Errors("flaky", COLOR, 503, SHARE, seed)
        dose, attempts = bench.run(bench.under(fault, count=COUNT, rate=250, number=STREAM))
        assert dose.attempts == len(attempts) == COUNT
        found.append(hits(bench))
        shares.append(dose.share)
        assert len(found[-1]) == dose.hit
    assert found[0] == found[1] != found[2]
    assert found[0] == {
        one
        for one in (request_id(STREAM, n) for n in range(COUNT))
        if is_victim(SHARE, SEED, one, "", ">".join(COLOR), 1)
    }
    allowed = Z * math.sqrt(SHARE * (1 - SHARE) / COUNT)
    assert all(abs(one - SHARE) < allowed for one in shares)
    used = outside_connections.to(bench.stack.topology.proxies_of("front", "blue"))
    assert 0 < used < COUNT / 2, "the requests shared connections"


def test_retries_draw_anew(bench: Bench) -> None:
    fault = Errors("flaky", COLOR, 503, 0.5, SEED)
    _, attempts = bench.run(
        bench.under(fault, RequestSpec("GET", "/again"), count=200, rate=200, number=STREAM)
    )
    second = [one for one in attempts if one.number == 2]
    share = sum(one.victim == "flaky" for one in second) / len(second)
    assert abs(share - 0.5) < Z * math.sqrt(0.25 / len(second))


MIX = (
    RequestSpec("GET", "/a?x=1"),
    RequestSpec("GET", "/a/b"),
    RequestSpec("GET", "/b", (("x-user", "beta"),)),
    RequestSpec("GET", "/c", (("x-user", "betatest"),)),
)


@pytest.mark.parametrize(
    ("meant", "hit"),
    [
        ({"path": "/a"}, {"/a?x=1"}),
        ({"prefix": "/a"}, {"/a?x=1", "/a/b"}),
        ({"headers": (("X-User", "beta"),)}, {"/b"}),
        ({"prefix": "/c", "headers": (("x-user", "betatest"),)}, {"/c"}),
        ({"prefix": "/c", "headers": (("x-user", "beta"),)}, set()),
    ],
)
def test_only_the_requests_that_are_meant_are_hit(bench: Bench, meant, hit) -> None:
    fault = Errors("some", COLOR, 500, 1.0, SEED, **meant)
    dose, _ = bench.run(bench.under(fault, *MIX, count=80, rate=200))
    calls = bench.stack.ledger.calls(None, *COLOR)
    assert {call.path for call in calls} == {one.path for one in MIX}
    assert {call.path for call in calls if call.status == 500} == hit
    assert {call.path for call in calls if call.status == 200} == {one.path for one in MIX} - hit
    assert dose.hit == sum(call.path in hit for call in calls)
    assert dose.planned == 0


def test_only_one_replica_answers_with_errors(bench: Bench) -> None:
    dose, attempts = bench.run(bench.under(Errors("one", COLOR, 503, 1.0, SEED, replica=1)))
    assert dose.hit == dose.attempts == 30
    assert {one.replica for one in attempts if one.status == 503} == {1}
    assert {one.replica for one in attempts if one.status == 200} == {0}


def test_a_share_is_held_back_and_the_rest_is_not(bench: Bench) -> None:
    fault = Delay("late", COLOR, 150, 0.5, SEED)
    dose, attempts = bench.run(bench.under(fault, count=100))
    late = [one for one in attempts if one.victim]
    assert 0 < dose.hit == len(late) < 100
    assert min(one.duration_ms for one in late) > 150 - TICK_MS
    assert min(one.duration_ms for one in attempts if not one.victim) < 100


def test_faults_on_one_edge_nest_and_each_victim_has_one_answer(bench: Bench) -> None:
    first, second = Errors("a", COLOR, 503, 0.5, 1), Errors("b", COLOR, 500, 0.5, 2)
    late = Delay("c", COLOR, 50, 0.5, 3)

    async def under_all() -> list[Attempt]:
        await first.apply(bench.site)
        await late.apply(bench.site)
        try:
            return (await bench.under(second, count=100))[1]
        finally:
            await first.heal(bench.site)
            await late.heal(bench.site)

    attempts = bench.run(under_all())
    expected = {"a": 503, "b": 500}
    for one in attempts:
        answered = [name for name in one.victim.split(",") if name in expected]
        assert one.status == (expected[answered[0]] if answered else 200)
        assert len(answered) <= 1
        assert ("c" not in one.victim.split(",")) or one.duration_ms > 50 - TICK_MS
    assert {one.status for one in attempts} == {200, 500, 503}


def test_on_a_grpc_edge_an_error_is_a_code(bench: Bench) -> None:
    fault = Errors("busy", TALK, None, 1.0, SEED, grpc=14)
    dose, attempts = bench.run(bench.under(fault, count=10, rate=20, entry=True))
    assert dose.hit == dose.attempts == 10
    assert {(one.status, one.grpc_status) for one in attempts} == {(200, 14)}
