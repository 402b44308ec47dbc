"""A policy less one of its parts, and what a policy allows at most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from chaosmesh.errors import UsageError
from chaosmesh.mesh import Breaker, Listener, Mesh, Route, Timeout, Workload, retry_of

T = TypeVar("T")

OFF = Timeout(request=0.0, idle=0.0)
"""No timeout at all: nothing written would bring Envoy's own 15 s back."""

MANY = (1 << 32) - 1
UNLIMITED = Breaker(MANY, MANY, MANY, MANY)
"""No limit at all: nothing written would bring Envoy's own 1,024 back."""

_ROUTES: Mapping[str, Callable[[Route], Route]] = {
    "retryPolicy": lambda route: replace(route, retry=None),
    "perRetryTimeout": lambda route: replace(
        route, retry=replace(route.retry, per_try_timeout=None) if route.retry else None
    ),
    "timeout": lambda route: replace(route, timeout=OFF),
    "fallback": lambda route: replace(route, fallback=None),
    "weights": lambda route: replace(route, targets=tuple(replace(one, weight=1) for one in route.targets)),
}
_LISTENERS: Mapping[str, Callable[[Listener], Listener]] = {
    "timeout": lambda listener: replace(listener, timeout=OFF),
    "outlierDetection": lambda listener: replace(listener, ejection=None),
    "healthCheck": lambda listener: replace(listener, health=None),
    "circuitBreaker": lambda listener: replace(listener, pool=UNLIMITED),
    "tls": lambda listener: replace(listener, tls=None),
}
_WORKLOADS: Mapping[str, Callable[[Workload], Workload]] = {
    "tls": lambda workload: replace(workload, client_tls=()),
}
_MESHES: Mapping[str, Callable[[Mesh], Mesh]] = {
    "retryBudget": lambda mesh: replace(mesh, budgets=()),
    "circuitBreaker": lambda mesh: replace(mesh, breaker=UNLIMITED),
    "egressFilter": lambda mesh: replace(mesh, open_egress=True),
}
PARTS = tuple(dict.fromkeys((*_ROUTES, *_LISTENERS, *_WORKLOADS, *_MESHES)))


def _same(one: T) -> T:
    return one


def without(mesh: Mesh, part: str) -> Mesh:
    """The same mesh with a part of its policy off everywhere, what the profile adds silently included."""
    if part not in PARTS:
        raise UsageError(f"without({part!r}): no such part of a policy", hint=f"one of: {', '.join(PARTS)}")
    route = _ROUTES.get(part, _same)
    listener = _LISTENERS.get(part, _same)
    workload = _WORKLOADS.get(part, _same)
    mesh = _MESHES.get(part, _same)(mesh)
    return replace(
        mesh,
        services=tuple(replace(one, routes=tuple(map(route, one.routes))) for one in mesh.services),
        workloads=tuple(
            replace(workload(one), listeners=tuple(map(listener, one.listeners))) for one in mesh.workloads
        ),
    )


def most_attempts(mesh: Mesh, service: str) -> int:
    """Attempts that the most patient route of a service allows for one call."""
    found = map(retry_of, mesh.service(service).routes)
    return 1 + max((one.max_retries for one in found if one), default=0)


def most_attempts_entry(mesh: Mesh, entry: str, edges: Collection[tuple[str, str]]) -> int:
    """Attempts on these edges that one request at `entry` can cause, if every application calls every backend once."""
    return _most(mesh, entry, edges, 1, ())


def _most(
    mesh: Mesh, name: str, edges: Collection[tuple[str, str]], times: int, above: tuple[str, ...]
) -> int:
    if name in above:
        return 0
    known = {one.name for one in mesh.services}
    total = 0
    for service in mesh.workload(name).backends:
        if service not in known:
            continue
        tries = times * most_attempts(mesh, service)
        total += tries * ((name, service) in edges)
        below = (_most(mesh, one, edges, tries, (*above, name)) for one in mesh.targets(service))
        total += max(below, default=0)
    return total
