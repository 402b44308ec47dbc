"""Workloads, services, routes and their resilience rules.

Durations are seconds; ``0`` switches a timeout off, ``None`` means that nothing was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chaosmesh.errors import Where
from chaosmesh.mesh.tls import ClientTls, ServerTls

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
    host: str | None = None
    host_suffix: str | None = None


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
class RetryBudget:
    """Retries in flight towards one workload stay below `percent` of the requests in flight; `at_least` of them
    are always allowed. `client` None: for every client."""

    workload: str
    percent: float
    at_least: int
    client: str | None = None
    clause: Clause | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where calls of a route go when its own targets don't answer.

    `when` holds what sends them there: "failing" (an attempt fails and is tried again at the fallback), "down"
    (nothing listens), "ejected", "unhealthy". Replicas of the fallback are asked only while none of the own ones
    is fit, or by a retry.
    """

    target: Target
    when: frozenset[Literal["failing", "down", "ejected", "unhealthy"]]
    clause: Clause | None = None


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
class AccessLog:
    """A log file of a workload's sidecar, in Envoy's format words: a text, (key, value) pairs, or the default."""

    path: str
    text: str | None = None
    json: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that a workload serves. `timeout` bounds what its own sidecar waits for the application."""

    port: int
    protocol: Protocol
    timeout: Timeout = Timeout()
    ejection: Ejection | None = None
    health: HealthCheck | None = None
    pool: Breaker | None = None
    tls: ServerTls | None = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """How clients find the replicas: "eds" (each its own host) or DNS; "logical_dns" is one host to a client.

    `attributes` of an "eds" workload: what its instances carry in the registry.
    """

    kind: Literal["eds", "strict_dns", "logical_dns"]
    hostname: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a gateway changes in a request before it passes it on.

    `prefix` replaces the matched prefix, `path` the whole path, `host` the host by the service's name.
    """

    prefix: str | None = None
    path: str | None = None
    host: bool = True


@dataclass(frozen=True, slots=True)
class EntryRoute:
    """One rule of a gateway, in the order in which `Workload.entry_routes` has it: which requests of users go to
    which service. `port` is the service's. `clauses` as in `Route` ("match.prefix", "rewrite.prefix", …)."""

    id: str
    name: str
    protocol: Protocol
    match: Match
    service: str
    port: int | None
    rewrite: Rewrite
    where: Where
    clauses: dict[str, Clause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workload:
    """A program with a sidecar, or a gateway, which is a sidecar without a program. `backends` are names of services.

    `client_tls` holds (service, rule) for the backends that have one; `entry_routes` only gateways have.
    """

    name: str
    listeners: tuple[Listener, ...]
    backends: tuple[str, ...]
    discovery: Discovery | None
    gateway: bool = False
    entry_routes: tuple[EntryRoute, ...] = ()
    client_tls: tuple[tuple[str, ClientTls], ...] = ()
    access_log: AccessLog | None = None
    where: Where | None = None

    def tls_to(self, service: str, port: int) -> ClientTls | None:
        """The TLS rule of calls to a port of a service."""
        rule = dict(self.client_tls).get(service)
        return rule if rule is not None and (not rule.ports or port in rule.ports) else None

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
    fallback: Fallback | None = None


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
    """The whole policy. `breaker` holds for every upstream that has none of its own; `open_egress` lets out what is
    not modelled."""

    name: str
    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    open_egress: bool = False
    breaker: Breaker = Breaker()
    budgets: tuple[RetryBudget, ...] = ()

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

    def budget(self, client: str, workload: str) -> RetryBudget | None:
        """The retry budget of a client's calls to a workload: one for this very client comes before one for all."""
        found = [one for one in self.budgets if one.workload == workload and one.client in (None, client)]
        return min(found, key=lambda one: one.client is None, default=None)

    def edges(self) -> tuple[tuple[str, str], ...]:
        """Every (client workload, service) pair, in document order."""
        return tuple((w.name, backend) for w in self.workloads for backend in w.backends)

    def targets(self, service: str) -> tuple[str, ...]:
        """Names of the workloads behind a service, each once, in the order of its routes; fallbacks last."""
        others = [route.fallback.target.workload for route in self.service(service).routes if route.fallback]
        return tuple(dict.fromkeys((*self.own_targets(service), *others)))

    def own_targets(self, service: str) -> tuple[str, ...]:
        """The same without those that only stand in for others: what a fault on an edge acts on."""
        arms = (target for route in self.service(service).routes for target in route.targets)
        return tuple(dict.fromkeys(one.workload for one in arms))
