from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.policy import PARTS, most_attempts, most_attempts_entry, without
from chaosmesh.engine.rendering import rendering
from chaosmesh.errors import UsageError
from chaosmesh.mesh import (
    Breaker,
    ClientTls,
    Fallback,
    HealthCheck,
    Identity,
    Listener,
    Mesh,
    RetryBudget,
    ServerTls,
    Target,
    Trust,
    Workload,
)
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


HEALTH = HealthCheck("http", healthy=2, unhealthy=2, interval=5.0, timeout=2.0, path="/ping")
SERVER = ServerTls("strict", Identity("file", "chain.pem", "key.pem"))
CLIENT = ClientTls(Trust("file", ("ca.pem",)))


def equipped() -> Mesh:
    """The airport with a bit of everything on weather."""
    mesh = airport()

    def fit(one: Workload) -> Workload:
        if one.name != "weather":
            return replace(one, client_tls=((WEATHER, CLIENT),))
        more = {"health": HEALTH, "pool": Breaker(max_connections=2), "tls": SERVER}
        return replace(one, listeners=tuple(replace(each, **more) for each in one.listeners))

    return replace(mesh, workloads=tuple(map(fit, mesh.workloads)))


def listeners(mesh: Mesh) -> list[Listener]:
    return [one for workload in mesh.workloads for one in workload.listeners]


def test_without_health_checks_no_listener_has_one_and_the_rest_stays():
    less = without(equipped(), "healthCheck")
    assert {one.health for one in listeners(less)} == {None}
    assert Breaker(max_connections=2) in {one.pool for one in listeners(less)}


def test_without_a_circuit_breaker_there_is_no_limit_not_even_envoys_own():
    less = without(equipped(), "circuitBreaker")
    pools = {one.pool for one in listeners(less)} | {less.breaker}
    assert {getattr(one, name) for one in pools for name in Breaker.__slots__} == {2**32 - 1}


def test_without_tls_neither_side_has_any():
    less = without(equipped(), "tls")
    assert {one.tls for one in listeners(less)} == {None}
    assert {one.client_tls for one in less.workloads} == {()}


def test_without_weights_every_target_is_as_likely():
    whole, less = airport(), without(airport(), "weights")
    shares = {len({target.weight for target in route.targets}) for s in less.services for route in s.routes}
    assert shares == {1}
    assert [len(r.targets) for s in less.services for r in s.routes] == [
        len(r.targets) for s in whole.services for r in s.routes
    ]


def test_without_the_egress_filter_everything_is_let_out():
    assert not airport().open_egress
    assert without(airport(), "egressFilter").open_egress


def test_without_limits_envoy_is_told_so():
    shown = json.dumps(rendering(without(airport(), "circuitBreaker"), Scenario(), "127.16"))
    assert '"max_connections": 4294967295' in shown


@pytest.mark.parametrize("part", PARTS)
def test_a_mesh_without_any_part_can_be_put_in_force(part: str):
    assert rendering(without(airport(), part), Scenario(), "127.16")


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
