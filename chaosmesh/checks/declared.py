"""The policy as it was declared, laid out for checks: App Mesh's words, nothing rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.appmesh.spec.route import PROTOCOLS
from chaosmesh.load.plan import Protocol

DEFAULT_PER_REQUEST = 15.0
"""Seconds a request may take where nobody wrote a timeout (App Mesh user guide, route timeouts)."""

EVENTS: dict[str, tuple[int, ...]] = {
    "server-error": (500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511),
    "gateway-error": (502, 503, 504),
    "client-error": (409,),
}
"""Which statuses an HTTP retry event stands for (App Mesh API reference, HttpRetryPolicy)."""

GRPC_EVENTS: dict[str, int] = {
    "cancelled": 1,
    "deadline-exceeded": 4,
    "internal": 13,
    "resource-exhausted": 8,
    "unavailable": 14,
}
"""Which gRPC status a gRPC retry event stands for (gRPC's own names of its codes)."""

EXAMPLE_STATUS = {"server-error": 500, "gateway-error": 503, "client-error": 409}
"""The status that tells an event from the others best."""


@dataclass(frozen=True)
class Retrying:
    """A retry policy as declared, or the one that App Mesh added where none was (`hidden`)."""

    max_retries: int
    per_try: float | None
    http: tuple[str, ...]
    tcp: tuple[str, ...]
    hidden: bool = False
    grpc: tuple[str, ...] = ()

    @cached_property
    def statuses(self) -> frozenset[int]:
        """Statuses that are tried again."""
        if self.hidden:
            return frozenset({503})
        return frozenset(status for event in self.http for status in EVENTS.get(event, ()))

    @property
    def codes(self) -> frozenset[int]:
        """gRPC statuses that are tried again."""
        return frozenset({14}) if self.hidden else frozenset(GRPC_EVENTS[event] for event in self.grpc)

    @property
    def on_reset(self) -> bool:
        """Whether a broken or timed-out attempt is tried again."""
        return self.hidden or bool({"server-error", "gateway-error"} & set(self.http))


HIDDEN = Retrying(2, None, (), (), hidden=True)
"""What App Mesh did without being asked (user guide, Envoy defaults: 2 retries on 503 and broken connections)."""


@dataclass(frozen=True)
class Rule:
    """One route with the services that lead to it and the nodes that call these."""

    route: Resource
    body: Any
    protocol: Protocol
    services: tuple[str, ...]
    callers: tuple[tuple[str, str], ...]
    retry: Retrying | None
    per_request: float
    node_timeouts: dict[str, float]
    idle: float = 0.0
    node_idles: dict[str, float] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Any, ...]:
        """Weighted targets."""
        return tuple(self.body.action.weighted_targets)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes that can get traffic."""
        live = [t.virtual_node for t in self.targets if t.weight > 0]
        return tuple(dict.fromkeys(live))

    @property
    def ceiling(self) -> float:
        """Seconds after which some declared timeout cuts a call, wherever it stands (0: never)."""
        own = (self.per_request, self.idle)
        theirs = (group.get(n, 0.0) for group in (self.node_timeouts, self.node_idles) for n in self.nodes)
        return min((t for t in (*own, *theirs) if t > 0), default=0.0)

    @property
    def patience(self) -> float:
        """Seconds that an attempt may take before anything cuts it (0: for ever)."""
        per_try = self.retry.per_try if self.retry else None
        return min((t for t in (self.ceiling, per_try) if t), default=0.0)


def seconds(duration: Any) -> float | None:
    """A Duration of the API in seconds."""
    if duration is None:
        return None
    return float(duration.value or 0) / (1000 if duration.unit == "ms" else 1)


def rules(resources: Resources, *, hidden_retry: bool) -> list[Rule]:
    """Every route. `hidden_retry`: the profile adds a retry policy where none is written."""
    callers = callers_of(resources)
    listeners = {name: _listener_timeout(node) for name, node in resources.virtual_nodes.items()}
    idles = {name: _listener_idle(node) for name, node in resources.virtual_nodes.items()}
    found = []
    for route in resources.routes.values():
        body: Any = route.spec.body
        (kind,) = route.spec.kinds
        protocol = PROTOCOLS[kind]
        services = tuple(s for s, router in _routers(resources).items() if router == route.parent)
        edges = tuple((client, s) for s in services for client in callers.get(s, ()))
        written = seconds(getattr(body.timeout, "per_request", None))
        default = 0.0 if protocol == "tcp" else DEFAULT_PER_REQUEST
        found.append(
            Rule(
                route=route,
                body=body,
                protocol=protocol,
                services=services,
                callers=edges,
                retry=_retrying(body, hidden_retry=hidden_retry and protocol != "tcp"),
                per_request=default if written is None else written,
                node_timeouts={
                    t.virtual_node: listeners.get(t.virtual_node, DEFAULT_PER_REQUEST)
                    for t in body.action.weighted_targets
                },
                idle=seconds(getattr(body.timeout, "idle", None)) or 0.0,
                node_idles=idles,
            )
        )
    return found


def _retrying(body: Any, *, hidden_retry: bool) -> Retrying | None:
    policy = getattr(body, "retry_policy", None)
    if policy is None:
        return HIDDEN if hidden_retry else None
    return Retrying(
        max_retries=policy.max_retries,
        per_try=seconds(policy.per_retry_timeout) or None,
        http=tuple(policy.http_retry_events or ()),
        tcp=tuple(policy.tcp_retry_events or ()),
        grpc=tuple(getattr(policy, "grpc_retry_events", None) or ()),
    )


def _routers(resources: Resources) -> dict[str, str]:
    found = {}
    for name, service in resources.virtual_services.items():
        provider: Any = service.spec.provider
        if provider is not None and provider.virtual_router is not None:
            found[name] = provider.virtual_router.virtual_router_name
    return found


def callers_of(resources: Resources) -> dict[str, list[str]]:
    """Who calls a service: nodes first, for they have an application; a gateway calls what its routes name."""
    found: dict[str, list[str]] = {}
    for name, node in resources.virtual_nodes.items():
        spec: Any = node.spec
        for backend in spec.backends or ():
            found.setdefault(backend.virtual_service.virtual_service_name, []).append(name)
    for (gateway, _), route in resources.gateway_routes.items():
        target = route.spec.body.action.target.virtual_service.virtual_service_name
        callers = found.setdefault(target, [])
        if gateway not in callers:
            callers.append(gateway)
    return found


def _listener_timeout(node: Resource) -> float:
    spec: Any = node.spec
    for listener in spec.listeners or ():
        written = listener.timeout and getattr(listener.timeout.member[1], "per_request", None)
        if written:
            return seconds(written) or 0.0
    return DEFAULT_PER_REQUEST


def _listener_idle(node: Resource) -> float:
    spec: Any = node.spec
    for listener in spec.listeners or ():
        written = listener.timeout and listener.timeout.member[1].idle
        if written:
            return seconds(written) or 0.0
    return 0.0
