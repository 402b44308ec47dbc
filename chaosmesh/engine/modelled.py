"""The mesh as the simulation knows it: what a policy comes to on the sidecars, with the limits that nobody wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaosmesh.engine.predict import FailingEdge
from chaosmesh.judge.queueing import Arm, Edge, Limits, Model, Policy, Server, Trouble
from chaosmesh.mesh import Breaker, Listener, Mesh, Route, Target, retries_elsewhere, retry_of

ENVOY_LIMITS: Final = Breaker(max_connections=1024, max_pending=1024, max_requests=1024, max_retries=3)
"""What Envoy's cluster manager takes where no threshold is written."""

ENVOY_TIMEOUT: Final = 15.0
"""Seconds of Envoy's route timeout where none is written."""

HOP: Final = (0.0015,)
"""Seconds that a hop takes (two sidecars, the proxy between them, the stand-in) where none was measured."""

USER: Final = "user"
OPEN: Final = 2**31 - 1  # a limit that nothing reaches


@dataclass(frozen=True, slots=True)
class Behind:
    """What runs behind a workload's sidecar. Seconds; `capacity` in requests/s of one replica, as in
    `judge.queueing.Server`."""

    latency: tuple[float, ...] = (0.0,)
    capacity: tuple[tuple[float, float | None], ...] = ()
    replicas: int = 1
    calls: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Programs:
    """What is known beside the policy: programs by workload, and what a hop takes."""

    behind: Mapping[str, Behind] = field(default_factory=dict)
    hop: tuple[float, ...] = HOP


def model_of(mesh: Mesh, programs: Programs, entry: str, path: str, faults: Sequence[FailingEdge]) -> Model:
    """Requests for `path` that users send to `entry`, while edges fail.

    Of a service's routes the first one counts that this path alone decides, else the last; a workload that calls itself
    in the end is cut there. Only HTTP calls are simulated.
    """
    made = _Maker(mesh, programs, path, faults)
    made.visit(entry, ())
    door = Edge(f"{USER}>{entry}", (Arm(entry),), Policy())
    return Model(door, tuple(made.servers.values()), made.calls)


def limits_of(mesh: Mesh, client: str, workload: str, protocol: str) -> Limits:
    """The breaker of a client's cluster for a workload."""
    limits = _limits(Breaker(), mesh.breaker, protocol)
    budget = mesh.budget(client, workload)
    if budget is None:
        return limits
    return Limits(limits.connections, limits.pending, limits.requests, None, budget.percent, budget.at_least)


def policy_of(route: Route) -> Policy:
    """Retries and timeouts of a route, whatever status comes: which ones are tried again depends on the fault."""
    retry = retry_of(route)
    timeout = ENVOY_TIMEOUT if route.timeout.request is None else route.timeout.request or None
    if retry is None:
        return Policy(timeout=timeout)
    again = retry.on_reset or retry.on_connect_failure
    return Policy(retry.max_retries, bool(retry.statuses), again, retry.per_try_timeout or None, timeout)


class _Maker:
    def __init__(self, mesh: Mesh, programs: Programs, path: str, faults: Sequence[FailingEdge]) -> None:
        self._mesh, self._ground, self._path = mesh, programs, path
        self._faults = {one.edge: one for one in faults}
        self._below = faults[0].status if faults else 503
        self.servers: dict[str, Server] = {}
        self.calls: dict[str, tuple[Edge, ...]] = {}

    def visit(self, name: str, above: tuple[str, ...]) -> None:
        """A workload and everything that it calls."""
        if name in self.servers:
            return
        workload = self._mesh.workload(name)
        behind = self._ground.behind.get(name, Behind())
        listener = workload.listener()
        inside = _inside(self._mesh, listener) if listener else Limits()
        self.servers[name] = Server(
            name, behind.latency, self._ground.hop, behind.capacity, behind.replicas, inside
        )
        wanted = workload.backends if behind.calls is None else behind.calls
        if workload.gateway:
            wanted = self._beyond(name)
        edges = [edge for one in wanted if (edge := self._edge(name, one, (*above, name))) is not None]
        self.calls[name] = tuple(edges)

    def _beyond(self, gateway: str) -> tuple[str, ...]:
        """The one service to which a gateway sends this path."""
        routes = self._mesh.workload(gateway).entry_routes
        found = next((one for one in routes if _takes(one.match.prefix, one.match.path, self._path)), None)
        found = found or (routes[-1] if routes else None)
        return (found.service,) if found else ()

    def _edge(self, client: str, service: str, above: tuple[str, ...]) -> Edge | None:
        try:
            routes = self._mesh.service(service).routes
        except KeyError:
            return None
        http = [one for one in routes if one.protocol in ("http", "http2", "grpc")]
        if not http:
            return None
        route = next((one for one in http if self._decides(one)), http[-1])
        if any(target.workload in above for target in route.targets):
            return None
        for target in route.targets:
            self.visit(target.workload, above)
        if route.fallback:
            self.visit(route.fallback.target.workload, above)
        fault = self._faults.get((client, service))
        arms = tuple(self._arm(client, route, one) for one in route.targets if one.weight)
        return Edge(f"{client}>{service}", arms, self._policy(route, fault), _troubles(fault))

    def _decides(self, route: Route) -> bool:
        match = route.match
        plain = not (match.headers or match.query or match.method or match.path_regex or match.scheme)
        return plain and _takes(match.prefix, match.path, self._path)

    def _arm(self, client: str, route: Route, target: Target) -> Arm:
        listener = self._mesh.workload(target.workload).listener(target.port)
        limits = limits_of(self._mesh, client, target.workload, listener.protocol if listener else "http")
        moved = retries_elsewhere(route) and route.fallback
        return Arm(target.workload, target.weight, limits, moved.target.workload if moved else "")

    def _policy(self, route: Route, fault: FailingEdge | None) -> Policy:
        retry, policy = retry_of(route), policy_of(route)
        if retry is None:
            return policy
        status = fault.status if fault and fault.how == "answered" else self._below
        return Policy(
            policy.retries, status in retry.statuses, policy.on_reset, policy.per_try, policy.timeout
        )


def _troubles(fault: FailingEdge | None) -> tuple[Trouble, ...]:
    if fault is None:
        return ()
    kind = {"answered": "answer", "reset": "reset", "slow": "delay"}[fault.how]
    return (Trouble(kind, fault.share, fault.delay_s),)


def _inside(mesh: Mesh, listener: Listener) -> Limits:
    """What a sidecar lets through to its own application."""
    return _limits(listener.pool or Breaker(), mesh.breaker, listener.protocol)


def _limits(own: Breaker, default: Breaker, protocol: str) -> Limits:
    def limit(name: str) -> int | None:
        found = next(
            value for one in (own, default, ENVOY_LIMITS) if (value := getattr(one, name)) is not None
        )
        return None if found >= OPEN else int(found)

    if protocol == "http":
        return Limits(
            limit("max_connections"), limit("max_pending"), limit("max_requests"), limit("max_retries")
        )
    # Over HTTP/2 one connection carries everything, so that nothing waits for one.
    return Limits(requests=limit("max_requests"), retries=limit("max_retries"))


def _takes(prefix: str | None, exact: str | None, path: str) -> bool:
    if prefix is not None:
        return path.startswith(prefix)
    return exact is not None and exact == path.partition("?")[0]
