from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.engine.experiment.policy import PARTS, most_attempts, most_attempts_entry, without
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Fallback, RetryBudget, Target
from tests.unit.experiment.airport import airport

FLIGHTS, WEATHER = "flights.airport.local", "weather.airport.local"


@pytest.mark.parametrize("profile", ["appmesh", "envoy"])
def test_without_retries_no_route_has_any_hidden_ones_included(profile: str):
    less = without(airport(profile), "retryPolicy")
    assert [r.retry for s in less.services for r in s.routes] == [None] * 3
    assert most_attempts(less, WEATHER) == 1


def test_without_a_part_the_others_stay():
    whole, less = airport(), without(airport(), "perRetryTimeout")
    for before, after in zip(whole.service(WEATHER).routes, less.service(WEATHER).routes, strict=True):
        assert before.retry.per_try_timeout == 0.25
        assert after.retry.per_try_timeout is None
        assert after.retry.max_retries == before.retry.max_retries
        assert after.timeout == before.timeout


def test_without_timeouts_neither_routes_nor_listeners_have_one():
    less = without(airport(), "timeout")
    assert {r.timeout.request for s in less.services for r in s.routes} == {0.0}
    assert {one.timeout.request for w in less.workloads for one in w.listeners} == {0.0}


def test_an_unknown_part_comes_with_the_known_ones():
    with pytest.raises(UsageError, match="retries") as error:
        without(airport(), "retries")
    assert all(part in error.value.hint for part in PARTS)


def test_most_attempts_multiply_along_the_way_and_a_split_counts_once():
    mesh = airport()
    assert (most_attempts(mesh, FLIGHTS), most_attempts(mesh, WEATHER)) == (5, 3)
    edges = [("flights-v1", WEATHER), ("flights-v2", WEATHER)]
    assert most_attempts_entry(mesh, "departures", edges) == 15
    assert most_attempts_entry(mesh, "departures", [("departures", FLIGHTS)]) == 5


def extended():
    mesh = airport()
    fallback = Fallback(Target("flights-v2", 1), frozenset({"failing"}))
    services = tuple(
        replace(one, routes=tuple(replace(route, retry=None, fallback=fallback) for route in one.routes))
        for one in mesh.services
    )
    return replace(mesh, services=services, budgets=(RetryBudget("weather", 20, 3),))


def test_what_the_scenario_added_goes_by_its_own_words():
    mesh = extended()
    assert most_attempts(mesh, WEATHER) == 2, "the fallback's own retry"
    less = without(mesh, "fallback")
    assert {route.fallback for one in less.services for route in one.routes} == {None}
    assert most_attempts(less, WEATHER) == 1
    assert less.budgets == mesh.budgets
    assert without(mesh, "retryBudget") == replace(mesh, budgets=())
