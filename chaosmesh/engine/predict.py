"""What the policy predicts for a fault on one edge: success at the entry, attempts per call on the edge.

Closed forms of `judge.oracle` along the call tree. Attempts fail independently (request faults are drawn per
attempt, also of nested retries); breakers, budgets and queues are not in here, so a gap between prediction
and observation is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.judge import oracle
from chaosmesh.mesh import Mesh, Retry, Route


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
    """Share of entry requests that succeed, and attempts per call on the failing edge."""

    success: float
    attempts: float


def predict(mesh: Mesh, entry: str, fault: FailingEdge) -> Prediction:
    """The prediction for requests that come in at `entry` and call every backend on their way."""
    tree = _Tree(mesh, fault)
    return Prediction(tree.workload(entry, ()), tree.attempts)


class _Tree:
    def __init__(self, mesh: Mesh, fault: FailingEdge) -> None:
        self._mesh = mesh
        self._fault = fault
        self.attempts = 1.0

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
        here = (client, service) == self._fault.edge
        success = attempts = 0.0
        for target in route.targets:
            share = self._share(route) if here else 0.0
            below = self.workload(target.workload, above)
            failing = 1 - (1 - share) * below
            retries = _retries(
                route.retry, self._fault, here=here and share > 0, slow=self._cut_by_try(route)
            )
            success += target.weight / total * oracle.success(failing, retries)
            attempts += target.weight / total * oracle.attempts(failing, retries)
        if here:
            self.attempts = attempts
        return success

    def _share(self, route: Route) -> float:
        if self._fault.how != "slow":
            return self._fault.share
        bounds = [route.timeout.request, route.retry.per_try_timeout if route.retry else None]
        cut = any(bound and bound < self._fault.delay_s for bound in bounds)
        return self._fault.share if cut else 0.0

    def _cut_by_try(self, route: Route) -> bool:
        bound = route.retry.per_try_timeout if route.retry else None
        return bool(bound and bound < self._fault.delay_s)


def _retries(retry: Retry | None, fault: FailingEdge, *, here: bool, slow: bool) -> int:
    if retry is None:
        return 0
    if not here or fault.how == "answered":
        return retry.max_retries if fault.status in retry.statuses else 0
    if fault.how == "slow":
        return retry.max_retries if slow and retry.on_reset else 0
    return retry.max_retries if retry.on_reset or retry.on_connect_failure else 0
