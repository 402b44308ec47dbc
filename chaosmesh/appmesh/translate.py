"""App Mesh resources to our own policy model, with the profile's hidden behaviour added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chaosmesh.appmesh import policy
from chaosmesh.appmesh.clauses import Declared, clauses_of
from chaosmesh.appmesh.profiles import PROFILES, Profile, profile_named
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import (
    Clause,
    Discovery,
    Listener,
    Match,
    Mesh,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Workload,
)
from chaosmesh.mesh.model import Protocol

_PROTOCOLS: dict[str, Protocol] = {
    "httpRoute": "http",
    "http2Route": "http2",
    "grpcRoute": "grpc",
    "tcpRoute": "tcp",
}
_LAST = 1001  # one more than the largest priority that can be written


def translate(resources: Resources, profile: str = "appmesh") -> Mesh:
    """The policy of a mesh under a profile: "appmesh", "appmesh-legacy" or "envoy".

    Raises DocumentError if a reference dangles. Gateways become workloads that call the services of their
    routes; what their routes match and rewrite is kept in the resources only.
    """
    dangling = resources.dangling()
    if dangling:
        raise DocumentError(dangling)
    hidden = profile_named(profile)
    filter_ = resources.mesh.spec.egress_filter if resources.mesh else None
    return Mesh(
        name=resources.mesh_name,
        workloads=(
            *(_node(one, hidden) for one in resources.virtual_nodes.values()),
            *(_gateway(one, resources, hidden) for one in resources.virtual_gateways.values()),
        ),
        services=tuple(_service(one, resources, hidden) for one in resources.virtual_services.values()),
        open_egress=bool(filter_ and filter_.type == "ALLOW_ALL"),
        breaker=hidden.breaker,
    )


def _node(node: Resource, profile: Profile) -> Workload:
    spec = node.spec
    return Workload(
        name=node.name,
        listeners=tuple(
            _listener(one, node, index, profile) for index, one in enumerate(spec.listeners or ())
        ),
        backends=tuple(
            dict.fromkeys(one.virtual_service.virtual_service_name for one in spec.backends or ())
        ),
        discovery=_discovery(spec.service_discovery),
        where=node.where,
    )


def _listener(written: Any, node: Resource, index: int, profile: Profile) -> Listener:
    protocol = written.port_mapping.protocol
    outlier = getattr(written, "outlier_detection", None)
    limits = getattr(written, "timeout", None)
    return Listener(
        port=written.port_mapping.port,
        protocol=protocol,
        timeout=policy.timeout(limits.member[1] if limits else None, protocol, profile),
        ejection=policy.ejection(outlier) if outlier else None,
        health=policy.health(written.health_check) if written.health_check else None,
        pool=policy.pool(written.connection_pool) if written.connection_pool else None,
        where=node.place("listeners", index),
    )


def _discovery(written: Any) -> Discovery | None:
    if written is None:
        return None
    if written.aws_cloud_map:
        found = written.aws_cloud_map
        return Discovery("eds", f"{found.service_name}.{found.namespace_name}")
    single = written.dns.response_type != "ENDPOINTS"
    return Discovery("logical_dns" if single else "strict_dns", written.dns.hostname)


def _gateway(gateway: Resource, resources: Resources, profile: Profile) -> Workload:
    routes = resources.gateway_routes_of(gateway.name)
    called = (one.spec.body.action.target.virtual_service.virtual_service_name for one in routes)
    backends = tuple(dict.fromkeys(called))
    limit = Timeout(_longest(backends, resources, profile))
    listeners = (_listener(one, gateway, index, profile) for index, one in enumerate(gateway.spec.listeners))
    return Workload(
        name=gateway.name,
        listeners=tuple(replace(one, timeout=limit) for one in listeners),
        backends=backends,
        discovery=None,
        gateway=True,
        where=gateway.where,
    )


def _longest(services: tuple[str, ...], resources: Resources, profile: Profile) -> float | None:
    """A gateway waits as long as the most patient route behind it (0: one of them waits for ever)."""
    routes = (
        route
        for name in services
        for route in _service(resources.virtual_services[name], resources, profile).routes
    )
    limits = {route.timeout.request for route in routes if route.timeout.request is not None}
    return 0.0 if 0.0 in limits else max(limits, default=profile.request_timeout)


def _service(service: Resource, resources: Resources, profile: Profile) -> Service:
    provider = service.spec.provider
    if provider is None:
        return Service(service.name, (), (), service.where)
    if provider.virtual_node:
        node = resources.virtual_nodes[provider.virtual_node.virtual_node_name]
        return Service(service.name, _ports(node), tuple(_implicit(service, node, profile)), service.where)
    router = resources.virtual_routers[provider.virtual_router.virtual_router_name]
    routes = sorted(resources.routes_of(router.name), key=_order)
    return Service(
        service.name,
        _ports(router) or _ports_behind(routes, resources),
        tuple(_route(one, profile) for one in routes),
        service.where,
    )


def _ports(owner: Resource) -> tuple[ServicePort, ...]:
    mappings = (one.port_mapping for one in owner.spec.listeners or ())
    return tuple(ServicePort(one.port, one.protocol) for one in mappings)


def _ports_behind(routes: list[Resource], resources: Resources) -> tuple[ServicePort, ...]:
    """A router without listeners serves the ports of the nodes behind it."""
    targets = (target for route in routes for target in route.spec.body.action.weighted_targets)
    ports = (port for target in targets for port in _ports(resources.virtual_nodes[target.virtual_node]))
    return tuple({one.port: one for one in ports}.values())


def _order(route: Resource) -> tuple[int, int, int]:
    """Priority first; without it, or with the same, whole paths before expressions before longer prefixes (inferred)."""
    priority = _LAST if route.spec.priority is None else route.spec.priority
    body = route.spec.body
    path, prefix = getattr(body.match, "path", None), getattr(body.match, "prefix", None) or ""
    rank = 2 if path is None else (0 if path.exact else 1)
    if hasattr(body.match, "service_name"):
        rank, prefix = (0 if body.match.method_name else 2), body.match.service_name or ""
    return priority, rank, -len(prefix)


def _route(route: Resource, profile: Profile) -> Route:
    (kind,) = route.spec.kinds
    protocol, body = _PROTOCOLS[kind], route.spec.body
    written = getattr(body, "retry_policy", None)
    implicit = None if protocol == "tcp" else profile.retry
    return Route(
        id=route.id,
        name=route.name,
        protocol=protocol,
        match=policy.match(kind, body.match),
        targets=tuple(Target(one.virtual_node, one.weight, one.port) for one in body.action.weighted_targets),
        retry=policy.retry(written, profile) if written else implicit,
        timeout=policy.timeout(body.timeout, protocol, profile),
        where=route.where,
        clauses=_clauses(route, kind),
    )


def _implicit(service: Resource, node: Resource, profile: Profile) -> Iterator[Route]:
    """A virtual node that serves a virtual service directly: one route a listener, with nothing to configure."""
    listeners = node.spec.listeners or ()
    provider = Clause(f"{service.id}/provider", service.place("provider"))
    for listener in listeners:
        port, protocol = listener.port_mapping.port, listener.port_mapping.protocol
        own = port if len(listeners) > 1 else None
        tcp = protocol == "tcp"
        yield Route(
            id=provider.id,
            name=f"{service.name}:{port}" if own else service.name,
            protocol=protocol,
            match=Match(prefix=None if tcp else "/", port=own),
            targets=(Target(node.name, 1, own),),
            retry=None if tcp else profile.retry,
            timeout=Timeout(None if tcp else profile.request_timeout),
            where=provider.where,
            clauses={"targets": provider},
            implicit=True,
        )


_FIELDS = {  # field of a route in App Mesh's words → field of our own route
    "priority": "priority",
    "match.prefix": "match.prefix",
    "match.method": "match.method",
    "match.scheme": "match.scheme",
    "match.port": "match.port",
    "match.serviceName": "match.prefix",
    "match.methodName": "match.path",
    "action.weightedTargets": "targets",
    "retryPolicy.maxRetries": "retry.max_retries",
    "retryPolicy.perRetryTimeout": "retry.per_try_timeout",
    "retryPolicy.httpRetryEvents.stream-error": "retry.on_refused_stream",
    "retryPolicy.tcpRetryEvents.connection-error": "retry.on_connect_failure",
    "timeout.perRequest": "timeout.request",
    "timeout.idle": "timeout.idle",
}
_GROUPS = {
    "match.headers.": "match.headers.",
    "match.metadata.": "match.headers.",
    "match.queryParameters.": "match.query.",
    "retryPolicy.httpRetryEvents.": "retry.statuses",
    "retryPolicy.grpcRetryEvents.": "retry.grpc",
}


def _clauses(route: Resource, kind: str) -> dict[str, Clause]:
    found: dict[str, Clause] = {}
    for declared in clauses_of(route):
        found.setdefault(_field(declared), Clause(declared.id, declared.where))
    if any(field.startswith("retry.") for field in found):
        found["retry"] = Clause(f"{route.id}/retryPolicy", route.place(kind, "retryPolicy"))
    return found


def _field(declared: Declared) -> str:
    field = declared.field
    if field == "match.path":
        return "match.path" if declared.value.exact else "match.path_regex"
    if field in _FIELDS:
        return _FIELDS[field]
    for start, own in _GROUPS.items():
        if field.startswith(start):
            return own + field.removeprefix(start) if own.endswith(".") else own
    return field


__all__ = ["PROFILES", "translate"]
