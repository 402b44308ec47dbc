"""What the policy predicts for faults on edges: success at the entry, attempts per call on each edge.

Closed forms of `judge.oracle` along the call tree. Attempts fail independently (request faults are drawn per
attempt, also of nested retries); breakers, budgets and queues are not in here, so a gap between prediction
and observation is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaosmesh.judge import oracle
from chaosmesh.mesh import Mesh, Route


@dataclass(frozen=True, slots=True)
class FailingEdge:
    """An edge whose attempts fail with `share`; the caller sees `status`.

    `how`: "answered" with that status, "reset" (no connection, or it broke), "slow": the answer takes
    `delay_s` longer and fails only where a timeout cuts it.
    """

    edge: tuple[str, str]
    share: float
    status: int
    how: str
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """Share of entry requests that succeed, and attempts per call on the (first) failing edge and on every edge."""

    success: float
    attempts: float
    by_edge: Mapping[tuple[str, str], float]


def predict(mesh: Mesh, entry: str, *faults: FailingEdge) -> Prediction:
    """The prediction for requests that come in at `entry` and call every backend on their way.

    One fault an edge; a call that fails because of an edge further down shows the first fault's status.
    """
    tree = _Tree(mesh, faults)
    success = tree.workload(entry, ())
    first = tree.attempts.get(faults[0].edge, 1.0) if faults else 1.0
    return Prediction(success, first, tree.attempts)


class _Tree:
    def __init__(self, mesh: Mesh, faults: Sequence[FailingEdge]) -> None:
        self._mesh = mesh
        self._faults = {one.edge: one for one in faults}
        self._below = faults[0] if faults else None
        self.attempts: dict[tuple[str, str], float] = {}

    def workload(self, name: str, above: tuple[str, ...]) -> float:
        """Chance that a workload's application answers well: all its calls do."""
        if name in above:
            return 1.0
        chance = 1.0
        for service in self._mesh.workload(name).backends:
            chance *= self._call(name, service, (*above, name))
        return chance

    def _call(self, client: str, service: str, above: tuple[str, ...]) -> float:
        try:
            routes = self._mesh.service(service).routes
        except KeyError:
            return 1.0
        http = [route for route in routes if route.protocol in ("http", "http2")]
        if not http:
            return 1.0
        return self._route(client, service, http[-1], above)

    def _route(self, client: str, service: str, route: Route, above: tuple[str, ...]) -> float:
        """The last route of a service is the widest; requests of a default mix take it."""
        total = sum(target.weight for target in route.targets) or 1
        fault = self._faults.get((client, service))
        success = attempts = 0.0
        for target in route.targets:
            share = _share(route, fault) if fault else 0.0
            below = self.workload(target.workload, above)
            failing = 1 - (1 - share) * below
            shown = fault if share else self._below
            retries = _retries(route, shown, here=share > 0) if shown else 0
            success += target.weight / total * oracle.success(failing, retries)
            attempts += target.weight / total * oracle.attempts(failing, retries)
        self.attempts[client, service] = attempts
        return success


def _share(route: Route, fault: FailingEdge) -> float:
    if fault.how != "slow":
        return fault.share
    bounds = [route.timeout.request, route.retry.per_try_timeout if route.retry else None]
    cut = any(bound and bound < fault.delay_s for bound in bounds)
    return fault.share if cut else 0.0


def _retries(route: Route, fault: FailingEdge, *, here: bool) -> int:
    retry = route.retry
    if retry is None:
        return 0
    if not here or fault.how == "answered":
        return retry.max_retries if fault.status in retry.statuses else 0
    if fault.how == "slow":
        slow = bool(retry.per_try_timeout and retry.per_try_timeout < fault.delay_s)
        return retry.max_retries if slow and retry.on_reset else 0
    return retry.max_retries if retry.on_reset or retry.on_connect_failure else 0
