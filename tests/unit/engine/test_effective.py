"""What Envoy says that it has, against the model: admin pages as Envoy 1.40 gives them, shortened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaosmesh.engine.effective import Rule, differences, read
from chaosmesh.judge.queueing import Limits
from chaosmesh.mesh import RetryBudget
from tests.unit.runtime import meshes

CLUSTER = "cds_egress_m_weather_http_8080"


def pages(retries: int = 3, tries: int = 2, budget: dict[str, Any] | None = None) -> tuple[Any, Any, Any]:
    usual = {
        "max_connections": 1024,
        "max_pending_requests": 1024,
        "max_requests": 1024,
        "max_retries": retries,
    }
    thresholds = {"thresholds": [usual, {"priority": "HIGH", **usual, "max_retries": 9}]}
    clusters = {"cluster_statuses": [{"name": CLUSTER, "circuit_breakers": thresholds}]}
    told = {"circuit_breakers": {"thresholds": [{"retry_budget": budget}]}} if budget else {}
    policy = {"retry_on": "reset,retriable-status-codes", "num_retries": tries}
    route = {
        "route": {"timeout": "15s", "retry_policy": policy},
        "metadata": {"filter_metadata": {"chaosmesh": {"rule": "router/weather.local", "hash": "0"}}},
    }
    routes = {"configs": [{"route_config": {"virtual_hosts": [{"routes": [route]}]}}]}
    return clusters, {"configs": [{"cluster": {"name": CLUSTER, **told}}]}, routes


def test_limits_that_nobody_wrote_are_read() -> None:
    found = read(*pages())
    assert found.limits == {CLUSTER: Limits(1024, 1024, 1024, 3)}
    assert found.rules == {"router/weather.local": Rule(2, None, 15.0)}
    assert differences(meshes.chain(), "flights", found) == []


def test_open_breakers_are_none() -> None:
    assert read(*pages(retries=2**31 - 1)).limits[CLUSTER].retries is None


def test_a_budget_replaces_the_limit() -> None:
    budget = {"budget_percent": {"value": 20}, "min_retry_concurrency": 3}
    found = read(*pages(budget=budget))
    assert found.limits[CLUSTER] == Limits(1024, 1024, 1024, None, 20.0, 3)
    mesh = replace(meshes.chain(), budgets=(RetryBudget("weather", 20.0, 3),))
    assert differences(mesh, "flights", found) == []
    assert differences(meshes.chain(), "flights", found) != []


def test_what_differs_is_named() -> None:
    [limit] = differences(meshes.chain(), "flights", read(*pages(retries=4)))
    assert limit.startswith(f"flights: cluster {CLUSTER} has")
    [rule] = differences(meshes.chain(), "flights", read(*pages(tries=1)))
    assert rule.startswith("flights: route router/weather.local has Rule(retries=1")
    missing = differences(meshes.chain(), "flights", read({}, {}, {}))
    assert [one.endswith("is not there") for one in missing] == [True, True]
