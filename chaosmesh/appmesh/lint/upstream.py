"""Outlier detection, health checks and pools that can't do their job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.lint.model import Finding, Rule, View, text
from chaosmesh.appmesh.resources import Resource

EJECTION_IDLE = Rule(
    "ejection-does-nothing",
    "warning",
    "Outlier detection on a node that DNS shows as one host: there is nobody else to send the traffic to",
    "discover the node by Cloud Map, or set dns.responseType to ENDPOINTS",
)
CHECK_IDLE = Rule(
    "health-check-does-nothing",
    "note",
    "A health check on a node that DNS shows as one host: a lone unhealthy host is still asked",
    "discover the node by Cloud Map, or set dns.responseType to ENDPOINTS",
)
EJECTION_NOBODY = Rule(
    "ejection-percent-zero",
    "note",
    "maxEjectionPercent 0 reads as nobody, but one host may always be ejected",
    "take outlierDetection away to switch it off",
)
EJECTION_PANIC = Rule(
    "ejection-panic",
    "note",
    "More than half of the hosts may be ejected; above that share Envoy sends traffic to all of them again",
    "expect the failing hosts back in service when more than 50 % of them are out",
)
EJECTION_SHORT = Rule(
    "ejection-shorter-than-interval",
    "note",
    "A host is taken back only when the interval's clock ticks, so it stays out longer than its ejection time",
    "make interval at most as long as baseEjectionDuration",
)
CHECK_SLOW = Rule(
    "health-check-overlap",
    "warning",
    "A health check may wait longer for its answer than until the next check is due",
    "make timeoutMillis smaller than intervalMillis",
)
POOL_SMALL = Rule(
    "pool-below-retries",
    "warning",
    "A connection pool holds fewer requests than one call makes tries: retries are refused by the breaker",
    "allow at least maxRetries + 1 requests, for each caller",
)
RULES = (
    EJECTION_IDLE,
    CHECK_IDLE,
    EJECTION_NOBODY,
    EJECTION_PANIC,
    EJECTION_SHORT,
    CHECK_SLOW,
    POOL_SMALL,
)


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for node in view.resources.virtual_nodes.values():
        for index, one in enumerate(node.spec.listeners or ()):
            if one.outlier_detection is not None:
                yield from _ejection(node, index, one.outlier_detection)
            if one.health_check is not None:
                yield from _health(node, index, one.health_check)
            if one.connection_pool is not None:
                yield from _pool(view, node, index, one)


def one_host(node: Resource) -> bool:
    """Whether DNS shows a node as one host, however many copies it has."""
    found = node.spec.service_discovery
    return bool(found and found.dns and found.dns.response_type != "ENDPOINTS")


def _ejection(node: Resource, index: int, written: Any) -> Iterator[Finding]:
    path = ("listeners", index, "outlierDetection")
    if one_host(node):
        message = (
            f"is found by DNS as one host ({node.spec.service_discovery.dns.hostname}), which is never left"
        )
        yield Finding(EJECTION_IDLE, node.place(*path), node.id, message)
        return
    if written.max_ejection_percent == 0:
        message = "has maxEjectionPercent 0, and one host may be ejected all the same"
        yield Finding(EJECTION_NOBODY, node.place(*path, "maxEjectionPercent"), node.id, message)
    elif written.max_ejection_percent > 50:
        message = (
            f"allows {written.max_ejection_percent} % of its hosts to be ejected; above 50 % all serve again"
        )
        yield Finding(EJECTION_PANIC, node.place(*path, "maxEjectionPercent"), node.id, message)
    interval, base = written.interval.seconds, written.base_ejection_duration.seconds
    if base < interval:
        message = f"ejects for {text(base)}, but looks every {text(interval)} who may come back"
        yield Finding(EJECTION_SHORT, node.place(*path, "baseEjectionDuration"), node.id, message)


def _health(node: Resource, index: int, written: Any) -> Iterator[Finding]:
    path = ("listeners", index, "healthCheck")
    if one_host(node):
        message = (
            f"is found by DNS as one host ({node.spec.service_discovery.dns.hostname}), asked healthy or not"
        )
        yield Finding(CHECK_IDLE, node.place(*path), node.id, message)
    if written.timeout_millis >= written.interval_millis:
        message = (
            f"checks every {written.interval_millis} ms and waits {written.timeout_millis} ms for an answer"
        )
        yield Finding(CHECK_SLOW, node.place(*path, "timeoutMillis"), node.id, message)


def _pool(view: View, node: Resource, index: int, one: Any) -> Iterator[Finding]:
    name, limits = one.connection_pool.member
    held = _held(name, limits)
    if held is None:
        return
    for route in view.resources.routes.values():
        arms = [arm for arm in view.arms(route) if arm.node is node and arm.listener is one]
        tries = view.attempts(route)
        if arms and tries > held and route.spec.body.match is not None:
            message = f"holds {held} at once, but a call by route {route.name} makes up to {tries} tries"
            yield Finding(
                POOL_SMALL, node.place("listeners", index, "connectionPool", name), node.id, message
            )


def _held(name: str, limits: Any) -> int | None:
    """Requests that a pool lets in at once, waiting ones included; None: App Mesh leaves the queue open."""
    if name == "http":
        pending = limits.max_pending_requests
        return None if pending is None else limits.max_connections + pending
    return None if name == "tcp" else int(limits.max_requests)
