"""Virtual gateways and their routes: how users' requests come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chaosmesh.appmesh.profiles import Profile
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.spec.route import PROTOCOLS
from chaosmesh.appmesh.translate import nodes, origins, rules, tls
from chaosmesh.appmesh.translate.order import order
from chaosmesh.mesh import EntryRoute, Match, Rewrite, Service, Timeout, Workload


def gateway(
    resource: Resource, resources: Resources, services: Mapping[str, Service], profile: Profile
) -> Workload:
    """One virtual gateway with its routes in the order in which they are tried."""
    written = resources.gateway_routes_of(resource.name)
    backends = tuple(dict.fromkeys(_target(one).virtual_service.virtual_service_name for one in written))
    limit = Timeout(_longest([services[name] for name in backends], profile))
    spec = resource.spec
    return Workload(
        name=resource.name,
        listeners=tuple(replace(one, timeout=limit) for one in nodes.listeners(resource, profile)),
        backends=backends,
        discovery=None,
        gateway=True,
        entry_routes=tuple(entry_route(one) for one in sorted(written, key=order)),
        client_tls=tls.of_services(backends, spec.backend_defaults),
        access_log=nodes.access_log(spec.logging),
        where=resource.where,
    )


def _target(route: Resource) -> Any:
    return route.spec.body.action.target


def _longest(services: list[Service], profile: Profile) -> float | None:
    """A gateway waits as long as the most patient route behind it (0: one of them waits for ever)."""
    routes = (route for service in services for route in service.routes)
    limits = {route.timeout.request for route in routes if route.timeout.request is not None}
    return 0.0 if 0.0 in limits else max(limits, default=profile.request_timeout)


def entry_route(route: Resource) -> EntryRoute:
    """One gateway route."""
    (kind,) = route.spec.kinds
    body = route.spec.body
    match = rules.match(kind, body.match)
    target = _target(route)
    return EntryRoute(
        id=route.id,
        name=route.name,
        protocol=PROTOCOLS[kind],
        match=match,
        service=target.virtual_service.virtual_service_name,
        port=target.port,
        rewrite=_rewrite(body.action.rewrite, match, rpc=kind == "grpcRoute"),
        where=route.where,
        clauses=origins.of_entry(route),
    )


def _rewrite(written: Any, match: Match, *, rpc: bool) -> Rewrite:
    """A matched prefix becomes "/" unless the author says otherwise; a whole path stays as it is unless one is written
    for it (inferred). The path of a gRPC call names its method, and stays."""
    prefix, path, host = (getattr(written, name, None) for name in ("prefix", "path", "hostname"))
    kept = rpc or match.prefix is None or (prefix and prefix.default_prefix == "DISABLED")
    return Rewrite(
        prefix=(prefix.value if prefix and not rpc and match.prefix else None) or (None if kept else "/"),
        path=path.exact if path and match.prefix is None else None,
        host=not (host and host.default_target_hostname == "DISABLED"),
    )
