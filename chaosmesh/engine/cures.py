"""One-line changes of the policy that should cure a weak cell; the best one is then tried live."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chaosmesh.engine.doses import Column
from chaosmesh.engine.goal import Goal
from chaosmesh.engine.predict import predict
from chaosmesh.errors import Where
from chaosmesh.judge import oracle
from chaosmesh.mesh import Mesh, Retry, Route, Timeout, retry_of

MOST_RETRIES = 8
ROOM = 0.5
"""Share of what the goal allows to fail that a cure may still let fail: a cure at the bound would not be seen."""


@dataclass(frozen=True, slots=True)
class Change:
    """The mesh with one line changed, the change in App Mesh's words, and the place of that line."""

    mesh: Mesh
    text: str
    where: Where


def culprit(mesh: Mesh, edge: tuple[str, str], column: Column) -> tuple[Where | None, str]:
    """The rule that explains best why an edge is weak under a dose, and a word on it."""
    route = _widest(mesh, edge[1])
    if route is None:
        return None, ""
    fault, retry = column.theory(edge), retry_of(route)
    if column.strike is not None:
        return _one_of_several(route, fault.how)
    if fault.how == "slow":
        if retry and retry.per_try_timeout and retry.per_try_timeout < fault.delay_s:
            where = _place(route, "retry.per_try_timeout")
            return (
                where,
                f"perRetryTimeout {_time(retry.per_try_timeout)}: every try is cut before the answer comes",
            )
        if route.timeout.request and route.timeout.request < fault.delay_s:
            return _place(
                route, "timeout.request"
            ), f"perRequest {_time(route.timeout.request)} cuts the answer off"
        return route.where, ""
    if fault.how == "reset":
        return _nobody_else(route)
    if retry is None or fault.status not in retry.statuses:
        return _place(route, "retry"), f"a {fault.status} is not tried again"
    if route.retry is None:
        return _nobody_else(route)
    return _place(route, "retry.max_retries"), f"{_tries(retry)} is too few for this share"


def _one_of_several(route: Route, how: str) -> tuple[Where, str]:
    """Why an edge with a replica that is well is weak while another one is not."""
    retry = retry_of(route)
    if how == "hung":
        if retry and retry.per_try_timeout:
            each = _time(retry.per_try_timeout)
            place = _place(route, "retry.per_try_timeout")
            return place, f"perRetryTimeout {each}: so long a hung replica holds its share of the calls"
        return _place(route, "retry"), "without a perRetryTimeout a hung replica holds its share of the calls"
    if retry is None or not (retry.on_connect_failure or retry.on_reset):
        return _place(route, "retry"), "a refused connection is not tried again"
    return _place(route, "retry.max_retries"), f"{_tries(retry)} is too few to find the other one"


def _tries(retry: Retry) -> str:
    hidden = " (the default where none is written)" if retry.implicit else ""
    return f"maxRetries {retry.max_retries}{hidden}"


def _nobody_else(route: Route) -> tuple[Where, str]:
    """Why an edge without a replica that answers is weak: it has no fallback, or that is of no help."""
    fallback = route.fallback
    if fallback is None:
        return route.where, "there is nothing to fall back to"
    where = fallback.clause.where if fallback.clause else route.where
    name, when = fallback.target.workload, ", ".join(sorted(fallback.when))
    if not fallback.when & {"down", "failing", "unhealthy"}:
        return where, f"its fallback {name} is not for a service that is gone (when: {when})"
    return where, f"its fallback {name} (when: {when}) did not answer in time or as well"


def cures(mesh: Mesh, entry: str, edge: tuple[str, str], column: Column, goal: Goal) -> Iterator[Change]:
    """Changes that the prediction says are enough, smallest first."""
    route = _widest(mesh, edge[1])
    if route is None:
        return
    if column.strike is not None:
        yield from _quicker(mesh, edge[1], route, column.theory(edge).how, goal)
        return
    enough = 1 - (1 - goal.success) * ROOM
    for new, text, field in _candidates(route, column, edge, enough):
        changed = _with(mesh, edge[1], route, new)
        success = predict(changed, entry, column.theory(edge)).success
        if success is not None and success >= enough:
            yield Change(changed, text, _place(route, field))


def _quicker(mesh: Mesh, service: str, route: Route, how: str, goal: Goal) -> Iterator[Change]:
    """A shorter try leaves time for another one within the goal."""
    retry = retry_of(route)
    each = round(goal.p99_s / 4, 3)
    if how != "hung" or retry is None or (retry.per_try_timeout or math.inf) <= each:
        return
    before = f"{_time(retry.per_try_timeout)} → " if retry.per_try_timeout else ""
    new = replace(retry, per_try_timeout=each, on_reset=True, avoid_previous_hosts=True, implicit=False)
    changed = _with(mesh, service, route, replace(route, retry=new))
    yield Change(changed, f"perRetryTimeout {before}{_time(each)}", _place(route, "retry.per_try_timeout"))


def _candidates(
    route: Route, column: Column, edge: tuple[str, str], enough: float
) -> Iterator[tuple[Route, str, str]]:
    fault, retry, in_force = column.theory(edge), route.retry, retry_of(route)
    if fault.how == "slow":
        yield from _longer(route, fault.delay_s)
    elif fault.how == "answered":
        if in_force is None or fault.status not in in_force.statuses:
            statuses = tuple(sorted({*(retry.statuses if retry else ()), 502, 503, 504}))
            base = retry or Retry(2, None, avoid_previous_hosts=True)
            yield (
                replace(route, retry=replace(base, statuses=statuses, on_reset=True)),
                "httpRetryEvents + gateway-error",
                "retry",
            )
        elif retry is not None:
            for n in range(retry.max_retries + 1, MOST_RETRIES + 1):
                if oracle.success(fault.share, n) >= enough:
                    yield (
                        replace(route, retry=replace(retry, max_retries=n)),
                        f"maxRetries {retry.max_retries} → {n}",
                        "retry.max_retries",
                    )
                    return


def _longer(route: Route, delay: float) -> Iterator[tuple[Route, str, str]]:
    retry, timeout = route.retry, route.timeout
    room = 1.0 if delay < 0.5 else 2 * delay
    if retry and retry.per_try_timeout and retry.per_try_timeout < delay:
        bound = min(room, timeout.request) if timeout.request else room
        text = f"perRetryTimeout {_time(retry.per_try_timeout)} → {_time(bound)}"
        yield replace(route, retry=replace(retry, per_try_timeout=bound)), text, "retry.per_try_timeout"
    if timeout.request and timeout.request < delay:
        text = f"timeout.perRequest {_time(timeout.request)} → {_time(room)}"
        yield replace(route, timeout=Timeout(room, timeout.idle)), text, "timeout.request"


def _widest(mesh: Mesh, service: str) -> Route | None:
    routes = [r for r in mesh.service(service).routes if r.protocol == "http"]
    return routes[-1] if routes else None


def _place(route: Route, field: str) -> Where:
    clause = route.clauses.get(field) or route.clauses.get("retry")
    return clause.where if clause else route.where


def _with(mesh: Mesh, service: str, old: Route, new: Route) -> Mesh:
    services = tuple(
        replace(one, routes=tuple(new if r is old else r for r in one.routes)) if one.name == service else one
        for one in mesh.services
    )
    return replace(mesh, services=services)


def _time(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
