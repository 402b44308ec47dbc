"""What the policy predicts for faults on edges: success at the entry, attempts per call on each edge.

Closed forms of `judge.oracle` along the call tree. Attempts fail independently (request faults are drawn per
attempt, also of nested retries); breakers, ejection and queues are not in here, so a gap between prediction and
observation is a finding. Where a retry budget or a fallback that waits for ejection or health decides, nothing is
predicted, and it is said why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaosmesh.judge import oracle
from chaosmesh.mesh import Listener, Mesh, Route, Target, retries_elsewhere, retry_of


@dataclass(frozen=True, slots=True)
class FailingEdge:
    """An edge whose attempts fail with `share`; the caller sees `status`.

    `how`: "answered" with that status, "reset" (no connection, or it broke), "slow": the answer takes
    `delay_s` longer and fails only where a timeout cuts it. A fallback's replicas are spared.
    """

    edge: tuple[str, str]
    share: float
    status: int
    how: str
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """Share of entry requests that succeed, and attempts per call on the (first) failing edge and on every edge.

    None, and no edges, where nothing can be predicted: `unknown` says why.
    """

    success: float | None
    attempts: float | None
    by_edge: Mapping[tuple[str, str], float] = field(default_factory=dict)
    unknown: str = ""

    def as_json(self) -> dict[str, float | str | None]:
        """`{success, amplification}`, and `reason` where they are null."""
        if self.success is None or self.attempts is None:
            return {"success": None, "amplification": None, "reason": self.unknown}
        return {"success": round(self.success, 5), "amplification": round(self.attempts, 4)}


def predict(mesh: Mesh, entry: str, *faults: FailingEdge) -> Prediction:
    """The prediction for requests that come in at `entry` and call every backend on their way.

    One fault an edge; a call that fails because of an edge further down shows the first fault's status.
    """
    tree = _Tree(mesh, faults)
    try:
        success = tree.workload(entry, ())
    except _Unknown as reason:
        return Prediction(None, None, unknown=str(reason))
    first = tree.attempts.get(faults[0].edge, 1.0) if faults else 1.0
    return Prediction(success, first, tree.attempts)


class _Unknown(Exception):  # noqa: N818 - never shown as an error
    """No closed form knows what happens; the text says why."""


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
            arm = _Arm(self._mesh, client, route, target)
            if failing and shown:
                answered, tries = self._failing(arm, shown, failing, share > 0, above)
            else:
                answered, tries = 1.0, 1.0
            success += target.weight / total * answered
            attempts += target.weight / total * tries
        self.attempts[client, service] = attempts
        return success

    def _failing(
        self, arm: _Arm, fault: FailingEdge, failing: float, here: bool, above: tuple[str, ...]
    ) -> tuple[float, float]:
        """Success and attempts of calls on an arm whose attempts fail with the chance `failing`."""
        retries = _retries(arm.route, fault, here=here)
        if retries and (workload := arm.budgeted):
            raise _Unknown(f"the retry budget to {workload} decides how many retries are made")
        if not arm.has_fallback:
            return oracle.success(failing, retries), oracle.attempts(failing, retries)
        if word := arm.moved_by(fault, here=here):
            raise _Unknown(f"calls move to {arm.fallback} once the replicas are {word}, not call by call")
        if not (retries and retries_elsewhere(arm.route)):
            return oracle.success(failing, retries), oracle.attempts(failing, retries)
        if self.workload(arm.fallback, above) < 1:
            raise _Unknown(f"{arm.fallback} fails as well")
        return 1.0, 1 + failing


@dataclass(frozen=True, slots=True)
class _Arm:
    """One target of a route with what its owner's scenario adds to it."""

    mesh: Mesh
    client: str
    route: Route
    target: Target

    @property
    def fallback(self) -> str:
        return self.route.fallback.target.workload if self.route.fallback else ""

    @property
    def has_fallback(self) -> bool:
        return bool(self.fallback) and self.fallback != self.target.workload

    @property
    def budgeted(self) -> str:
        """The workload if a retry budget bounds the retries of this client to it."""
        name = self.target.workload
        return name if self.mesh.budget(self.client, name) else ""

    def moved_by(self, fault: FailingEdge, *, here: bool) -> str:
        """Which state of the replicas a fault brings about that moves all calls to the fallback; "" for none."""
        words, listener = self.route.fallback.when if self.route.fallback else frozenset(), self._listener
        if "ejected" in words and listener and listener.ejection and fault.status >= 500:
            return "ejected"
        if here and fault.how == "reset":
            if "unhealthy" in words and listener and listener.health:
                return "unhealthy"
            if "down" in words and not retries_elsewhere(self.route):
                return "seen to be down"
        return ""

    @property
    def _listener(self) -> Listener | None:
        return self.mesh.workload(self.target.workload).listener(self.target.port)


def _share(route: Route, fault: FailingEdge) -> float:
    if fault.how != "slow":
        return fault.share
    retry = retry_of(route)
    bounds = [route.timeout.request, retry.per_try_timeout if retry else None]
    cut = any(bound and bound < fault.delay_s for bound in bounds)
    return fault.share if cut else 0.0


def _retries(route: Route, fault: FailingEdge, *, here: bool) -> int:
    """How many retries a failure is worth."""
    retry = retry_of(route)
    if retry is None:
        return 0
    if not here or fault.how == "answered":
        return retry.max_retries if fault.status in retry.statuses else 0
    if fault.how == "slow":
        each, whole = retry.per_try_timeout, route.timeout.request
        in_time = bool(each and each < fault.delay_s and not (whole and whole <= each))
        return retry.max_retries if in_time and retry.on_reset else 0
    return retry.max_retries if retry.on_reset or retry.on_connect_failure else 0
