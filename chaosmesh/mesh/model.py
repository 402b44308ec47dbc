"""Workloads, services, routes and their resilience rules.

Durations are seconds; ``0`` switches a timeout off, ``None`` means that nothing was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chaosmesh.errors import Where

Protocol = Literal["http", "http2", "grpc", "tcp"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One fact of the policy: its stable id and the place it was written at."""

    id: str
    where: Where


@dataclass(frozen=True, slots=True)
class Pattern:
    """A condition on one text value (a header, a query parameter).

    `kind` "range" compares whole numbers, `low` included, `high` excluded; "present" asks only that the
    value is there. `invert` turns the answer around.
    """

    name: str
    kind: Literal["exact", "prefix", "suffix", "regex", "range", "present"]
    value: str = ""
    low: int = 0
    high: int = 0
    invert: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must look like for a route. All conditions must hold."""

    prefix: str | None = None
    path: str | None = None
    path_regex: str | None = None
    method: str | None = None
    scheme: str | None = None
    headers: tuple[Pattern, ...] = ()
    query: tuple[Pattern, ...] = ()
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One arm of a weighted split. Weights are relative."""

    workload: str
    weight: int
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """When and how often a call is tried again. `max_retries` 2 means at most 3 attempts.

    `avoid_previous_hosts`: a retry prefers hosts that this call has not met (at most `host_picks` draws).
    `implicit`: nobody wrote it; the platform added it.
    """

    max_retries: int
    per_try_timeout: float | None
    statuses: tuple[int, ...] = ()
    on_reset: bool = False
    on_connect_failure: bool = False
    on_refused_stream: bool = False
    grpc: tuple[str, ...] = ()
    avoid_previous_hosts: bool = False
    host_picks: int = 5
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class Timeout:
    """`request`: the whole call with all its attempts; `idle`: silence on a stream."""

    request: float | None = None
    idle: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """Limits of one upstream. None leaves the proxy's own default in force."""

    max_connections: int | None = None
    max_pending: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Ejection:
    """A host leaves the balancing after `errors` consecutive 5xx."""

    errors: int
    interval: float
    base: float
    max_percent: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Active health check of every client against every host."""

    protocol: Protocol
    healthy: int
    unhealthy: int
    interval: float
    timeout: float
    path: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that a workload serves. `timeout` bounds what its own sidecar waits for the application."""

    port: int
    protocol: Protocol
    timeout: Timeout = Timeout()
    ejection: Ejection | None = None
    health: HealthCheck | None = None
    pool: Breaker | None = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """How clients find the replicas: "eds" (each its own host) or DNS; "logical_dns" is one host to a client."""

    kind: Literal["eds", "strict_dns", "logical_dns"]
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """A program with a sidecar: a virtual node or a gateway. `backends` are names of services."""

    name: str
    listeners: tuple[Listener, ...]
    backends: tuple[str, ...]
    discovery: Discovery | None
    gateway: bool = False
    where: Where | None = None

    def listener(self, port: int | None = None) -> Listener | None:
        """The listener on `port`; without a port the first one."""
        return next((one for one in self.listeners if port is None or one.port == port), None)


@dataclass(frozen=True, slots=True)
class Route:
    """One rule of a service, in the order in which `Service.routes` has it.

    `id` is the path of the rule in its author's words, `name` the short name that access logs carry.
    `clauses` maps a field of this class ("retry", "retry.max_retries", "timeout.request", "match.prefix",
    "targets", …) to the clause behind it.
    """

    id: str
    name: str
    protocol: Protocol
    match: Match
    targets: tuple[Target, ...]
    retry: Retry | None
    timeout: Timeout
    where: Where
    clauses: dict[str, Clause] = field(default_factory=dict)
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port on which clients call a service."""

    port: int
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Service:
    """A name that workloads call. Routes come in the order in which they are tried."""

    name: str
    ports: tuple[ServicePort, ...]
    routes: tuple[Route, ...]
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Mesh:
    """The whole policy. `breaker` holds for every upstream that has none of its own."""

    name: str
    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    open_egress: bool = False
    breaker: Breaker = Breaker()

    def workload(self, name: str) -> Workload:
        """The workload of that name (KeyError if there is none)."""
        for one in self.workloads:
            if one.name == name:
                return one
        raise KeyError(name)

    def service(self, name: str) -> Service:
        """The service of that name (KeyError if there is none)."""
        for one in self.services:
            if one.name == name:
                return one
        raise KeyError(name)

    def edges(self) -> tuple[tuple[str, str], ...]:
        """Every (client workload, service) pair, in document order."""
        return tuple((w.name, backend) for w in self.workloads for backend in w.backends)

    def targets(self, service: str) -> tuple[str, ...]:
        """Names of the workloads behind a service, each once, in the order of its routes."""
        return tuple(dict.fromkeys(t.workload for r in self.service(service).routes for t in r.targets))
