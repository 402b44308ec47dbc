"""What a policy predicts, against closed forms worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.predict import FailingEdge, predict
from chaosmesh.mesh import Mesh, Retry, Target, Timeout
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
