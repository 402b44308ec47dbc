"""What Envoy really has of the facts that a forecast rests on, read from a sidecar's admin page once it has ACKed.

The forecast is made of our own model; a difference is a mistake of ours, never the user's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chaosmesh.engine.admin import page
from chaosmesh.engine.modelled import ENVOY_TIMEOUT, OPEN, limits_of, policy_of
from chaosmesh.envoy import fallback, names
from chaosmesh.errors import ChaosMeshError
from chaosmesh.judge.queueing import Limits
from chaosmesh.mesh import Mesh, Route, Target

CLUSTERS: Final = "/clusters?format=json"
BUDGETS: Final = "/config_dump?resource=dynamic_active_clusters&mask=cluster.name,cluster.circuit_breakers"
ROUTES: Final = "/config_dump?resource=dynamic_route_configs"
PATIENCE: Final = 10.0  # seconds for one page


class NotAsModelledError(ChaosMeshError):
    """Raised when a sidecar has other limits, retries or timeouts than the forecast was made with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Retries and timeouts (seconds; None: no limit) of one route."""

    retries: int
    per_try: float | None
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Effective:
    """`limits` by cluster, the ones included that nobody wrote; `rules` by the route's id in the documents."""

    limits: Mapping[str, Limits]
    rules: Mapping[str, Rule]


async def effective(sidecar: str) -> Effective:
    """What the sidecar at an address has in force."""
    pages = await asyncio.to_thread(
        lambda: [page(sidecar, one, PATIENCE) for one in (CLUSTERS, BUDGETS, ROUTES)]
    )
    return read(*pages)


async def check(mesh: Mesh, clients: Mapping[str, str]) -> None:
    """Compare what these clients' sidecars (address by name) have with the model; NotAsModelledError where they differ."""
    found: list[str] = []
    for client, sidecar in clients.items():
        found += differences(mesh, client, await effective(sidecar))
    if found:
        raise NotAsModelledError(
            f"a sidecar has another policy than the forecast is made of: {'; '.join(found)}",
            hint="this is a mistake of chaosmesh; please report it with the run folder's config/",
        )


def read(clusters: Any, budgets: Any, routes: Any) -> Effective:
    """The three admin pages as facts."""
    allowed = {one["cluster"]["name"]: _budget(one["cluster"]) for one in budgets.get("configs", ())}
    limits = {
        one["name"]: _limits(one["circuit_breakers"]["thresholds"], allowed.get(one["name"]))
        for one in clusters.get("cluster_statuses", ())
    }
    rules = {}
    for config in routes.get("configs", ()):
        for host in config["route_config"].get("virtual_hosts", ()):
            for route in host.get("routes", ()):
                rule = route.get("metadata", {}).get("filter_metadata", {}).get("chaosmesh", {}).get("rule")
                if rule:
                    rules[rule] = _rule(route["route"])
    return Effective(limits, rules)


def differences(mesh: Mesh, client: str, found: Effective) -> list[str]:
    """Where a client's sidecar has something else than the model says, in words."""
    told: list[str] = []
    for service in mesh.workload(client).backends:
        routes = next((one.routes for one in mesh.services if one.name == service), ())
        for route in routes:
            if route.protocol != "tcp":
                told += _rule_differs(route, found)
                told += (
                    text
                    for target in route.targets
                    for text in _limits_differ(mesh, client, route, target, found)
                )
    return list(dict.fromkeys(f"{client}: {one}" for one in told))


def _rule_differs(route: Route, found: Effective) -> Iterable[str]:
    policy = policy_of(route)
    wanted = Rule(policy.retries, policy.per_try, policy.timeout)
    seen = found.rules.get(route.id)
    if seen is None:
        yield f"route {route.id} is not there"
    elif seen != wanted:
        yield f"route {route.id} has {seen}, the model {wanted}"


def _limits_differ(mesh: Mesh, client: str, route: Route, target: Target, found: Effective) -> Iterable[str]:
    listener = mesh.workload(target.workload).listener(target.port)
    if listener is None:
        return
    plain = names.egress_cluster(mesh.name, target.workload, listener.protocol, listener.port)
    cluster = fallback.upstream(mesh, route, target, plain)
    wanted, seen = limits_of(mesh, client, target.workload, listener.protocol), found.limits.get(cluster)
    if seen is not None and listener.protocol != "http":
        seen = Limits(None, None, seen.requests, seen.retries, seen.percent, seen.at_least)
    if seen is None:
        yield f"cluster {cluster} is not there"
    elif seen != wanted:
        yield f"cluster {cluster} has {seen}, the model {wanted}"


def _limits(thresholds: Iterable[Mapping[str, Any]], budget: tuple[float, int] | None) -> Limits:
    usual = next(one for one in thresholds if one.get("priority", "DEFAULT") == "DEFAULT")

    def limit(name: str) -> int | None:
        value = int(usual.get(name, 0))
        return None if value >= OPEN else value

    known = (limit("max_connections"), limit("max_pending_requests"), limit("max_requests"))
    return Limits(*known, None, *budget) if budget else Limits(*known, limit("max_retries"))


def _budget(cluster: Mapping[str, Any]) -> tuple[float, int] | None:
    for one in cluster.get("circuit_breakers", {}).get("thresholds", ()):
        if "retry_budget" in one:
            budget = one["retry_budget"]
            return float(budget.get("budget_percent", {}).get("value", 0.0)), int(
                budget.get("min_retry_concurrency", 3)
            )
    return None


def _rule(action: Mapping[str, Any]) -> Rule:
    retry = action.get("retry_policy", {})
    timeout = _seconds(action["timeout"]) if "timeout" in action else ENVOY_TIMEOUT
    per_try = _seconds(retry["per_try_timeout"]) if "per_try_timeout" in retry else None
    # With events and without a number Envoy tries once more.
    retries = int(retry.get("num_retries", 1)) if retry.get("retry_on") else 0
    return Rule(retries, per_try or None, timeout or None)


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))
