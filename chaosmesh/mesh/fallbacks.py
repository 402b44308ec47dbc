"""What a fallback asks of a route's retries: pure rules, the same for translators and for predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chaosmesh.mesh.model import Retry, Route

FAILURES: Final = tuple(range(500, 512))
GRPC_FAILURES: Final = ("deadline-exceeded", "internal", "resource-exhausted", "unavailable")


def retry_of(route: Route) -> Retry | None:
    """The retries that are in force on a route, with what its fallback adds.

    "failing" adds 5xx, resets and refused streams to what is tried again, "down" refused connections. A route
    without retries gets one. Connections (TCP) are never tried again.
    """
    words = route.fallback.when if route.fallback else frozenset()
    if route.protocol == "tcp":
        return None
    result = route.retry
    if "failing" in words:
        result = _failing(result or _one(), grpc=route.protocol == "grpc")
    if "down" in words:
        result = replace(result or _one(), on_connect_failure=True)
    return result


def retries_elsewhere(route: Route) -> bool:
    """Whether every retry of a route goes to its fallback.

    A proxy can't send only some retries there. With "down" alone it is so only where nothing but a refused
    connection is tried again; else somebody has to watch whether the route's own replicas listen.
    """
    words = route.fallback.when if route.fallback else frozenset()
    if route.protocol == "tcp" or not words & {"failing", "down"}:
        return False
    return "failing" in words or _only_refused(route.retry)


def watched(route: Route) -> bool:
    """Whether the fallback needs to know at all times that a replica listens ("down" that no retry can act on)."""
    down = route.fallback is not None and "down" in route.fallback.when
    return down and not retries_elsewhere(route)


def _one() -> Retry:
    return Retry(1, None, implicit=True)


def _failing(retry: Retry, *, grpc: bool) -> Retry:
    statuses = tuple(sorted({*retry.statuses, *FAILURES}))
    events = tuple(dict.fromkeys((*retry.grpc, *(GRPC_FAILURES if grpc else ()))))
    return replace(retry, statuses=statuses, grpc=events, on_reset=True, on_refused_stream=True)


def _only_refused(retry: Retry | None) -> bool:
    return retry is None or not (retry.statuses or retry.on_reset or retry.on_refused_stream or retry.grpc)
