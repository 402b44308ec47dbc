"""Route configurations: which request goes where, under which resilience rules."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.envoy import fallback, filters, gateway, matching, names, passthrough, retry
from chaosmesh.envoy.actions import call_headers, literal, marked, timeouts
from chaosmesh.envoy.forms import Json
from chaosmesh.mesh import Listener, Mesh, Replica, RequestFault, Route, Service, Topology


def ingress(
    mesh: Mesh, replica: Replica, listener: Listener, faults: Sequence[RequestFault], *, door: bool = False
) -> Json:
    """What a sidecar does with requests for its application. Outsiders' steering headers end at a door."""
    cluster = names.ingress_cluster(mesh.name, replica.node, listener.protocol, listener.port)
    route = {
        "name": f"ingress_{listener.port}",
        "match": {"prefix": "/"},
        "route": {"cluster": cluster, **timeouts(listener.timeout)},
        "request_headers_to_remove": list(names.FAULT_HEADERS),
    }
    hit = filters.faults_of(mesh, replica, faults)
    extra = {filters.LUA: {"faults": hit}} if hit else {}
    host = {"name": "ingress", "domains": ["*"], "routes": [marked(route, "", extra)]}
    name = names.door_routes(listener.port) if door else names.ingress_routes(listener.port)
    config: Json = {"name": name, "virtual_hosts": [host]}
    if door:
        config["internal_only_headers"] = list(names.STEERING)
    return config


def egress(mesh: Mesh, topology: Topology, replica: Replica) -> dict[str, Json]:
    """The calls an application may make: one configuration per port, and one for Host routing on 15001.

    What is not a backend has no virtual host, and so gets 404, unless the mesh lets everything out.
    """
    hosts: dict[int, list[Json]] = {names.EGRESS_PORT: []}
    addresses = {one.service: one.address for one in topology.egresses_of(replica)}
    for backend in mesh.workload(replica.node).backends:
        service = mesh.service(backend)
        for index, port in enumerate(http_ports(service)):
            routes = _routes(mesh, service, port)
            on_15001 = [f"{backend}:{port}", *([backend] if index == 0 else [])]
            hosts[names.EGRESS_PORT].append(
                _host(replica.node, backend, f"{backend}:{port}", on_15001, routes)
            )
            if backend in addresses:
                domains = [
                    name for alias in (backend, addresses[backend]) for name in (alias, f"{alias}:{port}")
                ]
                hosts.setdefault(port, []).append(_host(replica.node, backend, backend, domains, routes))
    for port, group in hosts.items():
        group += _elsewhere(mesh, topology, replica, port, group)
    return {
        (name := names.egress_routes(port)): {"name": name, "virtual_hosts": group}
        for port, group in hosts.items()
    }


def _elsewhere(
    mesh: Mesh, topology: Topology, replica: Replica, port: int, known: Sequence[Json]
) -> list[Json]:
    """What is told by no backend's name: at a gateway, on 15001, by a header, for requests that keep their user's
    host; and with open egress whatever is called."""
    workload, found, rest = mesh.workload(replica.node), [], []
    if port == names.EGRESS_PORT:
        rest = gateway.hostless(workload, mesh.services, lambda service, port: _routes(mesh, service, port))
    if mesh.open_egress:
        taken = {domain for host in known for domain in host["domains"]}
        found = passthrough.modelled(mesh, topology, replica, port, taken)
        rest = [*rest, passthrough.others(mesh, workload.name)]
    host = {"name": "default_backend", "domains": ["*"], "include_request_attempt_count": True}
    return [*found, *([{**host, "routes": rest}] if rest else [])]


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
    """The upstream of an arm. Where the target listens nowhere it is one that does not exist: Envoy answers with 503
    ("cluster not found"), which is what App Mesh's users saw as "No cluster match for URL"."""
    target = route.targets[index]
    listener = next((w.listener(target.port) for w in mesh.workloads if w.name == target.workload), None)
    if listener is None:
        return names.egress_cluster(mesh.name, target.workload, route.protocol, target.port or 0)
    plain = names.egress_cluster(mesh.name, target.workload, listener.protocol, listener.port)
    return fallback.upstream(mesh, route, target, plain)


def _routes(mesh: Mesh, service: Service, port: int) -> list[Json]:
    rules = (one for one in service.routes if one.protocol != "tcp" and one.match.port in (None, port))
    return [_route(mesh, one) for one in rules]


def _host(client: str, service: str, name: str, domains: list[str], routes: list[Json]) -> Json:
    return {
        "name": name,
        "domains": domains,
        "routes": routes,
        "include_request_attempt_count": True,
        "request_headers_to_add": call_headers(client, literal(service)),
    }


def _route(mesh: Mesh, route: Route) -> Json:
    action = {"weighted_clusters": weighted(mesh, route), **timeouts(route.timeout), **retry.of(route)}
    return marked({"name": route.name, "match": matching.match(route.match), "route": action}, route.id, {})
