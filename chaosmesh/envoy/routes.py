"""Route configurations: which request goes where, under which resilience rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from chaosmesh.envoy import fallback, filters, matching, names, retry
from chaosmesh.envoy.forms import Json, seconds
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Listener, Mesh, Replica, RequestFault, Route, Service, Timeout, Topology, Workload

DEFAULT_TIMEOUT = 15.0
CALL_ID = "%CONNECTION_ID%-%START_TIME(%s%9f)%"


def ingress(
    mesh: Mesh, workload: Workload, listener: Listener, faults: Sequence[RequestFault], *, door: bool = False
) -> Json:
    """What a sidecar does with requests for its application. Outsiders' steering headers end at a door."""
    cluster = names.ingress_cluster(mesh.name, workload.name, listener.protocol, listener.port)
    route = {
        "name": f"ingress_{listener.port}",
        "match": {"prefix": "/"},
        "route": {"cluster": cluster, **_timeouts(listener.timeout)},
        "request_headers_to_remove": list(names.FAULT_HEADERS),
    }
    hit = filters.faults_of(mesh, workload, faults)
    extra = {filters.LUA: {"faults": hit}} if hit else {}
    host = {"name": "ingress", "domains": ["*"], "routes": [_marked(route, "", extra)]}
    name = names.door_routes(listener.port) if door else names.ingress_routes(listener.port)
    config: Json = {"name": name, "virtual_hosts": [host]}
    if door:
        config["internal_only_headers"] = list(names.STEERING)
    return config


def egress(mesh: Mesh, topology: Topology, replica: Replica) -> dict[str, Json]:
    """The calls an application may make: one configuration per port, and one for Host routing on 15001.

    What is not a backend has no virtual host, and so gets 404.
    """
    hosts: dict[int, list[Json]] = {names.EGRESS_PORT: []}
    addresses = {one.service: one.address for one in topology.egresses_of(replica)}
    for backend in mesh.workload(replica.node).backends:
        service = mesh.service(backend)
        for index, port in enumerate(http_ports(service)):
            routes = [_route(mesh, one) for one in _on_port(service, port)]
            on_15001 = [f"{backend}:{port}", *([backend] if index == 0 else [])]
            hosts[names.EGRESS_PORT].append(
                _host(replica.node, backend, f"{backend}:{port}", on_15001, routes)
            )
            if backend in addresses:
                domains = [
                    name for alias in (backend, addresses[backend]) for name in (alias, f"{alias}:{port}")
                ]
                hosts.setdefault(port, []).append(_host(replica.node, backend, backend, domains, routes))
    return {
        (name := names.egress_routes(port)): {"name": name, "virtual_hosts": group}
        for port, group in hosts.items()
    }


def http_ports(service: Service) -> tuple[int, ...]:
    """The ports of a service that HTTP routes serve (HTTP/2 and gRPC included)."""
    return tuple(one.port for one in service.ports if one.protocol != "tcp")


def weighted(mesh: Mesh, route: Route) -> Json:
    """The arms of a split; arms of weight 0 stay, so that a shift is a change of numbers only."""
    return {
        "clusters": [
            {"name": _cluster(mesh, route, i), "weight": t.weight} for i, t in enumerate(route.targets)
        ]
    }


def _cluster(mesh: Mesh, route: Route, index: int) -> str:
    target = route.targets[index]
    listener = next((w.listener(target.port) for w in mesh.workloads if w.name == target.workload), None)
    if listener is None:
        at = f" on port {target.port}" if target.port else ""
        raise UsageError(
            f"route {route.id} sends traffic to {target.workload!r}, which listens nowhere{at}",
            where=route.where,
            hint="add the workload with a listener, or take the target out of the route",
        )
    plain = names.egress_cluster(mesh.name, target.workload, listener.protocol, listener.port)
    return fallback.upstream(mesh, route, target, plain)


def _on_port(service: Service, port: int) -> list[Route]:
    return [one for one in service.routes if one.protocol != "tcp" and one.match.port in (None, port)]


def _host(client: str, service: str, name: str, domains: list[str], routes: list[Json]) -> Json:
    return {
        "name": name,
        "domains": domains,
        "routes": routes,
        "include_request_attempt_count": True,
        "request_headers_to_add": [_set(names.CALL, CALL_ID), _set(names.EDGE, names.edge(client, service))],
    }


def _set(key: str, value: str) -> Json:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _route(mesh: Mesh, route: Route) -> Json:
    action = {"weighted_clusters": weighted(mesh, route), **_timeouts(route.timeout), **retry.of(route)}
    return _marked({"name": route.name, "match": matching.match(route.match), "route": action}, route.id, {})


def _timeouts(timeout: Timeout) -> Json:
    result = {"timeout": seconds(DEFAULT_TIMEOUT if timeout.request is None else timeout.request)}
    if timeout.idle is not None:
        result["idle_timeout"] = seconds(timeout.idle)
    return result


def _marked(route: Json, rule: str, extra: dict[str, Any]) -> Json:
    """Puts the hash of the route's own content into it: the access log then proves which version served."""
    content = json.dumps([route, rule, extra], sort_keys=True).encode()
    mark = {"hash": hashlib.blake2b(content, digest_size=8).hexdigest(), "rule": rule}
    return {**route, "metadata": {"filter_metadata": {"chaosmesh": mark, **extra}}}
