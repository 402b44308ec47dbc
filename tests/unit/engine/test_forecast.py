"""What the simulation makes of a policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.forecast import Asked, forecast
from chaosmesh.engine.modelled import Behind, Programs, limits_of, model_of
from chaosmesh.engine.predict import FailingEdge
from chaosmesh.judge.queueing import Limits
from chaosmesh.mesh import Breaker, Fallback, Mesh, Retry, RetryBudget, Target, Timeout
from tests.meshes import OPEN
from tests.unit.engine.test_predict import changed
from tests.unit.runtime import meshes

EDGE = ("flights", "weather.local")
ERRORS = FailingEdge(EDGE, 0.3, 503, "answered", 0.02)
ASKED = Asked("flights", 500, 4_000)
TAKES = Programs({"weather": Behind((0.02,))})


def wide() -> Mesh:
    return replace(meshes.chain(), breaker=OPEN)


def test_with_open_breakers_it_is_the_closed_form() -> None:
    found = forecast(wide(), TAKES, ASKED, (ERRORS,))
    assert found.figures["success"].holds(0.973)
    assert found.figures["attempts flights>weather.local"].holds(1.39)
    assert found.figures["overflow flights>weather.local"] == 0
    assert found.closed is not None
    assert found.closed.success == pytest.approx(0.973)


def test_envoys_own_limit_of_retries_is_known() -> None:
    found = forecast(meshes.chain(), TAKES, ASKED, (ERRORS,))
    assert 0.76 < found.figures["success"] < 0.83
    assert 0.16 < found.figures["overflow flights>weather.local"] < 0.23
    assert not found.figures["success"].holds(0.973)


def test_a_budget_takes_the_place_of_the_limit() -> None:
    mesh = replace(wide(), budgets=(RetryBudget("weather", 20.0, 3),))
    assert limits_of(mesh, "flights", "weather", "http") == Limits(percent=20.0, at_least=3)
    assert forecast(mesh, TAKES, ASKED, (ERRORS,)).figures["success"] < 0.85


def test_the_limits_that_nobody_wrote() -> None:
    assert limits_of(meshes.chain(), "flights", "weather", "http") == Limits(1024, 1024, 1024, 3)
    assert limits_of(meshes.chain(), "flights", "weather", "http2") == Limits(requests=1024, retries=3)
    assert limits_of(wide(), "flights", "weather", "http") == Limits()
    some = replace(meshes.chain(), breaker=Breaker(max_retries=7))
    assert limits_of(some, "flights", "weather", "grpc") == Limits(requests=1024, retries=7)


def test_what_is_slow_is_cut_and_shows_in_the_latency() -> None:
    slow = FailingEdge(EDGE, 1.0, 504, "slow", 0.3)
    plain = forecast(wide(), TAKES, ASKED, (slow,)).figures
    assert plain["success"] == 1
    assert plain["p50_ms"] == pytest.approx(323, abs=2)
    cut = changed(wide(), EDGE[1], retry=Retry(1, 0.1, (503,), on_reset=True))
    told = forecast(cut, TAKES, ASKED, (slow,)).figures
    assert (told["success"], told["attempts flights>weather.local"]) == (0, 2)
    assert told["p50_ms"] == float("inf")
    late = changed(wide(), EDGE[1], timeout=Timeout(0.25), retry=Retry(5, 0.1, (503,), on_reset=True))
    assert 2 < forecast(late, TAKES, ASKED, (slow,)).figures["attempts flights>weather.local"] <= 3


def test_the_timeout_of_envoy_holds_where_none_is_written_and_0_is_none() -> None:
    mute = FailingEdge(EDGE, 1.0, 504, "slow", 20.0)
    bare = changed(wide(), EDGE[1], retry=None)
    assert forecast(bare, TAKES, Asked("flights", 20, 400), (mute,)).figures["success"] == 0
    off = changed(bare, EDGE[1], timeout=Timeout(0.0))
    assert forecast(off, TAKES, Asked("flights", 20, 400), (mute,)).figures["success"] == 1


def test_nested_retries_multiply() -> None:
    all_fail = replace(ERRORS, share=1.0, delay_s=0.0)
    found = forecast(wide(), Programs(), Asked("front", 20, 500), (all_fail,)).figures
    assert found["attempts front>flights.local"] == 3
    assert found["attempts flights>weather.local"] == 3
    assert found["success"] == 0


def test_a_capacity_makes_a_queue() -> None:
    programs = Programs({"weather": Behind(capacity=((0.0, 100.0),))})
    told = forecast(wide(), programs, Asked("flights", 90, 2_000, poisson=True), ()).figures
    assert told["p50_ms"] > 20
    assert forecast(wide(), Programs(), Asked("flights", 90, 2_000), ()).figures["p99_ms"] < 10


def test_a_fallback_takes_the_retries() -> None:
    words = frozenset({"failing"})
    mesh = changed(wide(), EDGE[1], fallback=Fallback(Target("archive", 1), words))  # type: ignore[arg-type]
    mesh = replace(mesh, workloads=(*mesh.workloads, meshes.workload("archive")))
    told = forecast(mesh, Programs(), ASKED, (replace(ERRORS, share=1.0),)).figures
    assert (told["success"], told["attempts flights>weather.local"]) == (1, 2)


def test_calls_that_come_back_to_their_caller_are_cut() -> None:
    nodes = (meshes.workload("a", "b.local"), meshes.workload("b", "a.local"))
    mesh = meshes.mesh(nodes, {"a.local": ["a"], "b.local": ["b"]})
    model = model_of(mesh, Programs(), "a", "/", ())
    assert [edge.name for edge in model.calls["a"]] == ["a>b.local"]
    assert model.calls["b"] == ()


def test_the_path_chooses_the_route() -> None:
    mesh = wide()
    weather = mesh.service(EDGE[1])
    special = replace(
        weather.routes[0], name="slow", match=replace(weather.routes[0].match, prefix="/slow"), retry=None
    )
    mesh = replace(
        mesh,
        services=tuple(
            replace(one, routes=(special, *one.routes)) if one.name == EDGE[1] else one
            for one in mesh.services
        ),
    )
    plain = forecast(mesh, TAKES, ASKED, (ERRORS,)).figures["success"]
    told = forecast(mesh, TAKES, replace(ASKED, path="/slow/1"), (ERRORS,)).figures["success"]
    assert plain.holds(0.973)
    assert told.holds(0.7)
