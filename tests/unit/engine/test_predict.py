"""What a policy predicts, against closed forms worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.predict import FailingEdge, predict
from chaosmesh.mesh import Ejection, Fallback, HealthCheck, Mesh, Retry, RetryBudget, Target, Timeout
from tests.unit.runtime import meshes

P = 0.3
ERRORS = FailingEdge(("flights", "weather.local"), P, 503, "answered")


def changed(mesh: Mesh, service: str, **changes: object) -> Mesh:
    services = tuple(
        replace(one, routes=tuple(replace(route, **changes) for route in one.routes))
        if one.name == service
        else one  # type: ignore[arg-type]
        for one in mesh.services
    )
    return replace(mesh, services=services)


def test_one_hop() -> None:
    found = predict(meshes.chain(), "flights", ERRORS)
    assert found.success == pytest.approx(1 - P**3)
    assert found.attempts == pytest.approx(1 + P + P**2)


def test_retries_of_two_hops_multiply() -> None:
    found = predict(meshes.chain(), "front", ERRORS)
    assert found.success == pytest.approx(1 - (P**3) ** 3)
    assert found.attempts == pytest.approx(1 + P + P**2)  # a call of the failing edge, not an entry request


def test_without_retries_the_share_is_what_users_feel() -> None:
    bare = changed(changed(meshes.chain(), "weather.local", retry=None), "flights.local", retry=None)
    found = predict(bare, "front", ERRORS)
    assert (found.success, found.attempts) == (pytest.approx(1 - P), pytest.approx(1))


def test_a_status_that_no_event_names_is_not_retried() -> None:
    odd = replace(ERRORS, status=500)
    assert predict(meshes.chain(), "front", odd).success == pytest.approx(1 - P)


@pytest.mark.parametrize(("left", "right"), [(80, 20), (1, 1), (100, 0)])
def test_weights_mix_the_arms(left: int, right: int) -> None:
    """Only the arm `a` calls what fails."""
    nodes = (
        meshes.workload("front", "x.local"),
        meshes.workload("a", "y.local"),
        meshes.workload("b"),
        meshes.workload("c"),
    )
    mesh = meshes.mesh(nodes, {"x.local": ["a", "b"], "y.local": ["c"]})
    mesh = changed(changed(mesh, "x.local", retry=None), "y.local", retry=None)
    mesh = changed(mesh, "x.local", targets=(Target("a", left), Target("b", right)))
    found = predict(mesh, "front", FailingEdge(("a", "y.local"), P, 503, "answered"))
    assert found.success == pytest.approx(1 - P * left / (left + right))


def test_two_backends_must_both_answer() -> None:
    nodes = (meshes.workload("front", "x.local", "y.local"), meshes.workload("b"), meshes.workload("c"))
    mesh = meshes.mesh(nodes, {"x.local": ["b"], "y.local": ["c"]})
    found = predict(mesh, "front", FailingEdge(("front", "x.local"), P, 503, "answered"))
    assert found.success == pytest.approx(1 - P**3)


def test_what_is_slow_fails_only_where_something_cuts_it() -> None:
    slow = FailingEdge(("flights", "weather.local"), 1.0, 504, "slow", 0.3)
    assert predict(meshes.chain(), "front", slow).success == 1
    by_try = changed(meshes.chain(), "weather.local", retry=Retry(2, 0.25, (503,), on_reset=True))
    found = predict(by_try, "flights", slow)
    assert (found.success, found.attempts) == (0, 3)
    by_call = changed(meshes.chain(), "weather.local", timeout=Timeout(0.2))
    assert predict(by_call, "flights", slow).success == 0
    roomy = changed(meshes.chain(), "weather.local", timeout=Timeout(0.5))
    assert predict(roomy, "flights", slow).success == 1


def test_an_edge_that_is_down_is_tried_as_often_as_allowed() -> None:
    down = FailingEdge(("flights", "weather.local"), 1.0, 503, "reset")
    found = predict(meshes.chain(), "flights", down)
    assert (found.success, found.attempts) == (0, 3)


def test_a_cycle_of_services_ends() -> None:
    nodes = (meshes.workload("a", "b.local"), meshes.workload("b", "a.local"))
    mesh = meshes.mesh(nodes, {"a.local": ["a"], "b.local": ["b"]})
    found = predict(mesh, "a", FailingEdge(("a", "b.local"), P, 503, "answered"))
    assert found.success == pytest.approx(1 - P**3)


EDGE = ("flights", "weather.local")
DOWN = FailingEdge(EDGE, 1.0, 503, "reset")
ON_503 = Retry(2, None, (503,), on_reset=True)


def standing_in(*words: str, retry: Retry | None = None, **listener: object) -> Mesh:
    """The chain with an archive that stands in for weather."""
    whole = meshes.chain()
    nodes = [one for one in whole.workloads if one.name != "weather"]
    weather = whole.workload("weather")
    ports = tuple(replace(one, **listener) for one in weather.listeners)  # type: ignore[arg-type]
    archive = replace(meshes.workload("archive"), listeners=weather.listeners)
    mesh = replace(whole, workloads=(*nodes, replace(weather, listeners=ports), archive))
    fallback = Fallback(Target("archive", 1), frozenset(words))  # type: ignore[arg-type]
    return changed(mesh, "weather.local", fallback=fallback, retry=retry)


@pytest.mark.parametrize("retry", [None, ON_503, Retry(5, None, (409,))])
@pytest.mark.parametrize("fault", [ERRORS, replace(ERRORS, share=1.0), replace(ERRORS, status=500), DOWN])
def test_a_fallback_for_what_fails_answers_every_second_attempt(
    fault: FailingEdge, retry: Retry | None
) -> None:
    found = predict(standing_in("failing", retry=retry), "flights", fault)
    assert (found.success, found.attempts) == (1.0, pytest.approx(1 + fault.share))


def test_a_fallback_for_what_is_down_is_no_help_against_errors() -> None:
    mesh = standing_in("down")
    assert predict(mesh, "flights", DOWN).success == 1
    assert predict(mesh, "flights", ERRORS).success == pytest.approx(1 - P)


def test_a_try_that_is_cut_is_made_again_at_the_fallback_if_there_is_time_left() -> None:
    slow = FailingEdge(EDGE, 1.0, 504, "slow", 0.3)
    mesh = standing_in("failing", retry=Retry(2, 0.25))
    found = predict(mesh, "flights", slow)
    assert (found.success, found.attempts) == (1.0, 2.0)
    assert predict(changed(mesh, "weather.local", timeout=Timeout(0.2)), "flights", slow).success == 0


CHECK = HealthCheck("http", 2, 2, 5, 2, "/ping")


@pytest.mark.parametrize(
    ("mesh", "fault", "word"),
    [
        (standing_in("ejected", retry=ON_503, ejection=Ejection(5, 1, 1, 100)), ERRORS, "ejected"),
        (standing_in("unhealthy", health=CHECK), DOWN, "unhealthy"),
        (standing_in("down", retry=ON_503), DOWN, "down"),
    ],
)
def test_what_moves_calls_by_the_state_of_replicas_is_not_predicted(
    mesh: Mesh, fault: FailingEdge, word: str
) -> None:
    found = predict(mesh, "front", fault)
    assert (found.success, found.attempts, dict(found.by_edge)) == (None, None, {})
    assert f"once the replicas are {'seen to be ' if word == 'down' else ''}{word}" in found.unknown
    assert found.as_json() == {"success": None, "amplification": None, "reason": found.unknown}


@pytest.mark.parametrize("words", [("ejected",), ("unhealthy",), ("ejected", "unhealthy")])
def test_words_without_what_triggers_them_change_nothing(words: tuple[str, ...]) -> None:
    assert predict(standing_in(*words), "flights", ERRORS).success == pytest.approx(1 - P)


def test_a_fallback_that_fails_as_well_is_not_predicted() -> None:
    mesh = standing_in("failing")
    both = tuple(
        replace(one, backends=("deep.local",)) if one.name in ("weather", "archive") else one
        for one in mesh.workloads
    )
    mesh = replace(meshes.mesh((*both, meshes.workload("deep")), {"deep.local": ["deep"]}), workloads=both)
    mesh = replace(mesh, services=(*standing_in("failing").services, *mesh.services))
    mesh = replace(mesh, workloads=(*both, meshes.workload("deep")))
    deep = FailingEdge(("weather", "deep.local"), 1.0, 503, "answered")
    assert predict(mesh, "flights", deep).success == 1
    found = predict(mesh, "flights", deep, FailingEdge(("archive", "deep.local"), 1.0, 503, "answered"))
    assert found.unknown == "archive fails as well"


def test_what_a_retry_budget_decides_is_not_predicted() -> None:
    mesh = replace(meshes.chain(), budgets=(RetryBudget("weather", 20, 3),))
    assert "retry budget to weather" in predict(mesh, "front", ERRORS).unknown
    others = replace(mesh, budgets=(RetryBudget("weather", 20, 3, client="front"),))
    assert predict(others, "flights", ERRORS).success == pytest.approx(1 - P**3)
    bare = changed(mesh, "weather.local", retry=None)
    assert predict(bare, "flights", ERRORS).success == pytest.approx(1 - P)
