"""What a finding is, and the documents as the rules look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from chaosmesh.appmesh.clauses import Declared
from chaosmesh.appmesh.extensions import declared
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.routing import ranked
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where
from chaosmesh.mesh import RetryBudget

Severity = Literal["error", "warning", "note"]

DEFAULT_TIMEOUT = 15.0
"""Seconds where no request timeout is written (App Mesh user guide)."""

HIDDEN_RETRIES = 2
"""Retries that App Mesh added where no policy was written."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that can be wrong with a policy. `title` says it in a line, `cure` what to do.

    "error": it can't work as written; "warning": it works, but hardly as meant; "note": good to know.
    """

    id: str
    severity: Severity
    title: str
    cure: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, where, and by which resource."""

    rule: Rule
    where: Where
    resource: str
    message: str

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self.rule.cure


@dataclass(frozen=True, slots=True)
class Arm:
    """One weighted target of a route, with the node and the listener that it means, if they are there."""

    index: int
    written: Any
    node: Resource | None
    listener: Any


@dataclass(frozen=True)
class View:
    """The resources with the questions that several rules ask. `hidden_retry`: the profile adds retries. `scenario`:
    what is added to the policy, if it is known."""

    resources: Resources
    hidden_retry: bool = True
    scenario: Scenario | None = None

    @cached_property
    def added(self) -> tuple[Declared, ...]:
        """The rules of the scenario that fit the documents."""
        return declared(self.resources, self.scenario) if self.scenario else ()

    def copies(self, node: Resource, default: int) -> int:
        """How many copies of a node run."""
        part = self.scenario.workloads.get(node.name) if self.scenario else None
        return default if part is None or part.replicas is None else part.replicas

    def budget(self, client: str, node: str) -> RetryBudget | None:
        """The retry budget of a client's calls to a node; one for this very client comes before one for all."""
        budgets = (one for rule in self.added if rule.field == "retryBudget" for one in rule.value)
        found = [one for one in budgets if one.workload == node and one.client in (None, client)]
        return min(found, key=lambda one: one.client is None, default=None)

    def elsewhere(self, owner: str) -> bool:
        """Whether what fails is tried again at a fallback, also where the policy would not. `owner`: the rule's id."""
        found = (one for one in self.added if one.field == "fallback" and one.resource.id == owner)
        return any(one.value.when & {"failing", "down"} for one in found)

    @cached_property
    def callers(self) -> dict[str, list[Resource]]:
        """Nodes and gateways that call a service, by the service's name."""
        found: dict[str, list[Resource]] = {}
        for node in self.resources.virtual_nodes.values():
            for backend in node.spec.backends or ():
                found.setdefault(backend.virtual_service.virtual_service_name, []).append(node)
        for (name, _), route in self.resources.gateway_routes.items():
            target = route.spec.body.action.target.virtual_service.virtual_service_name
            gateway = self.resources.virtual_gateways.get(name)
            if gateway is not None and gateway not in found.setdefault(target, []):
                found[target].append(gateway)
        return found

    def called(self, client: Resource) -> list[str]:
        """Services that a node or gateway calls."""
        return [service for service, clients in self.callers.items() if client in clients]

    def router(self, service: str) -> Resource | None:
        """The virtual router behind a service."""
        found = self.resources.virtual_services.get(service)
        provider = found.spec.provider if found else None
        if provider is None or provider.virtual_router is None:
            return None
        return self.resources.virtual_routers.get(provider.virtual_router.virtual_router_name)

    def provider_node(self, service: str) -> Resource | None:
        """The virtual node that provides a service itself."""
        found = self.resources.virtual_services.get(service)
        provider = found.spec.provider if found else None
        if provider is None or provider.virtual_node is None:
            return None
        return self.resources.virtual_nodes.get(provider.virtual_node.virtual_node_name)

    def routes(self, router: str) -> list[Resource]:
        """Routes of a router in the order in which they are tried."""
        return ranked(self.resources.routes_of(router))

    def services_of(self, router: str) -> list[str]:
        """Services that a router provides."""
        return [name for name in self.resources.virtual_services if self._routed_by(name, router)]

    def _routed_by(self, service: str, router: str) -> bool:
        found = self.router(service)
        return found is not None and found.name == router

    def arms(self, route: Resource) -> Iterator[Arm]:
        """Weighted targets of a route."""
        for index, one in enumerate(route.spec.body.action.weighted_targets):
            node = self.resources.virtual_nodes.get(one.virtual_node)
            yield Arm(index, one, node, listener(node, one.port) if node else None)

    def nodes_behind(self, service: str) -> list[Resource]:
        """Nodes that can get the calls of a service."""
        own = self.provider_node(service)
        router = self.router(service)
        routes = self.routes(router.name) if router else []
        found = [arm.node for route in routes for arm in self.arms(route) if arm.node and arm.written.weight]
        return list({one.name: one for one in ([own] if own else found)}.values())

    def attempts(self, route: Resource) -> int:
        """The most attempts of one call."""
        if kind(route) == "tcpRoute":
            return 1
        policy = route.spec.body.retry_policy
        fallback = self.elsewhere(route.id)
        if policy is None:
            hidden = HIDDEN_RETRIES if self.hidden_retry else 0
            return 1 + (max(1, hidden) if fallback else hidden)
        return 1 + (policy.max_retries if events(policy) or fallback else 0)

    def tries(self, service: str, node: str | None = None) -> int:
        """The most attempts of one call of a service, by the routes that lead to a node if one is named."""
        router = self.router(service)
        if router is None:
            hidden = HIDDEN_RETRIES if self.hidden_retry and self.provider_node(service) else 0
            fallback = self.elsewhere(f"virtualService/{service}")
            return 1 + (max(1, hidden) if fallback else hidden)
        routes = self.routes(router.name)
        led = [r for r in routes if node is None or any(a.node and a.node.name == node for a in self.arms(r))]
        return max(map(self.attempts, led), default=1)


def listener(node: Resource, port: int | None) -> Any:
    """The listener of a node or gateway on a port; without a port the first one."""
    found = node.spec.listeners or ()
    return next((one for one in found if port is None or one.port_mapping.port == port), None)


def kind(route: Resource) -> str:
    """Which kind of route it is, by the API's name."""
    return str(next(name for name, _ in route.spec.written() if name.endswith("Route")))


def events(policy: Any) -> list[str]:
    """All retry events of a policy."""
    groups = (policy.http_retry_events, policy.tcp_retry_events, getattr(policy, "grpc_retry_events", None))
    return [event for group in groups for event in group or ()]


def seconds(duration: Any, default: float | None = None) -> float | None:
    """A Duration in seconds."""
    return default if duration is None else float(duration.seconds)


def request_timeout(route: Resource) -> float:
    """Seconds that a call by this route may take (0: no bound)."""
    written = getattr(route.spec.body, "timeout", None)
    found = seconds(getattr(written, "per_request", None), DEFAULT_TIMEOUT)
    return DEFAULT_TIMEOUT if found is None else found


def listener_timeout(one: Any) -> tuple[str, float] | None:
    """Protocol member and seconds of a listener's written request timeout."""
    limits = getattr(one, "timeout", None)
    if limits is None:
        return None
    name, member = limits.member
    per_request = getattr(member, "per_request", None)
    return None if per_request is None else (name, per_request.seconds)


def longer(one: float, other: float) -> bool:
    """Whether a bound is longer than another; 0 is no bound at all."""
    return other != 0 and (one == 0 or one > other)


def text(value: float) -> str:
    """Seconds for a reader."""
    if value == 0:
        return "no bound"
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"
