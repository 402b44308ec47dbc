"""Listeners of a sidecar: what comes in for its application, and what the application sends out."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.envoy import filters, logs, names, passthrough, routes, tls
from chaosmesh.envoy.forms import FROM_ADS, Json, extension, seconds, socket
from chaosmesh.mesh import Listener, Mesh, Replica, Route, Service, Timeout, Topology, Workload


def ingress(mesh: Mesh, workload: Workload, replica: Replica) -> list[Json]:
    """One listener for each port of the workload, and one more for what comes in there through a door.

    At a node 15000 leads to the first port. Every address is bound by a listener of its own: Envoy refuses an
    update that changes some of a listener's addresses, so a port that comes or goes must not touch the others.
    """
    sides = [("ingress", replica.sidecar)] + ([("door", replica.door)] if replica.door else [])
    served = [
        (_ingress_name(workload, side, one.port), address, one.port, side, one)
        for side, address in sides
        for one in workload.listeners
    ]
    if not workload.gateway:
        first = workload.listeners[:1]
        served += [
            (names.INGRESS_LISTENER, replica.sidecar, names.INGRESS_PORT, "ingress", one) for one in first
        ]
    return [
        {
            **_listener(name, address, port),
            "traffic_direction": "INBOUND",
            **tls.guarded(mesh, workload, one, _ingress_chain(mesh, workload, side, one)),
        }
        for name, address, port, side, one in served
    ]


def _ingress_name(workload: Workload, side: str, port: int) -> str:
    return names.gateway_listener(side, port) if workload.gateway else names.ingress_listener(side, port)


def egress(mesh: Mesh, topology: Topology, replica: Replica) -> list[Json]:
    """Routing by host on 15001; and a listener on each port of the address that a backend has here."""
    offers = [(one.address, mesh.service(one.service)) for one in topology.egresses_of(replica)]
    http = [
        (names.egress_listener(service.name, port), address, port, _egress_chain(mesh, port))
        for address, service in offers
        for port in routes.http_ports(service)
    ]
    tcp = [
        (names.egress_listener(service.name, one.port), address, one.port, chain)
        for address, service in offers
        for one in service.ports
        if one.protocol == "tcp"
        for chain in _tcp_egress_chain(mesh, replica.node, one.port, service)
    ]
    by_host = (
        names.EGRESS_LISTENER,
        replica.sidecar,
        names.EGRESS_PORT,
        _egress_chain(mesh, names.EGRESS_PORT),
    )
    return [
        {
            **_listener(name, address, port),
            "traffic_direction": "OUTBOUND",
            "filter_chains": [chain],
        }
        for name, address, port, chain in [by_host, *http, *tcp]
    ]


def _listener(name: str, address: str, port: int) -> Json:
    """Without port reuse a second Envoy on the same address is refused instead of taking half the traffic."""
    return {"name": name, "address": socket(address, port), "enable_reuse_port": False}


def _ingress_chain(mesh: Mesh, workload: Workload, side: str, listener: Listener) -> Json:
    name = f"{side}_{listener.port}"
    if listener.protocol == "tcp":
        cluster = names.ingress_cluster(mesh.name, workload.name, "tcp", listener.port)
        return {"name": name, "filters": [_tcp_proxy(side, {"cluster": cluster}, listener.timeout)]}
    table = names.door_routes(listener.port) if side == "door" else names.ingress_routes(listener.port)
    prefix = side
    if side == "ingress" and len(workload.listeners) > 1:
        prefix = f"ingress.{listener.protocol}.{listener.port}"
    return {"name": name, "filters": [_http(side, table, filters.ingress(), prefix)]}


def _egress_chain(mesh: Mesh, port: int) -> Json:
    lookup = [passthrough.http_filter()] if mesh.open_egress else []
    router = filters.router(logs.attempts("egress"))
    return {
        "name": f"egress_{port}",
        "filters": [_http("egress", names.egress_routes(port), [*lookup, router])],
    }


def _tcp_egress_chain(mesh: Mesh, client: str, port: int, service: Service) -> Iterable[Json]:
    route = next(
        (one for one in service.routes if one.protocol == "tcp" and one.match.port in (None, port)), None
    )
    if route:
        marks = names.edge(client, service.name), route.name
        yield {
            "name": f"egress_{service.name}_{port}",
            "filters": [_tcp_proxy("egress", _tcp_target(mesh, route), route.timeout, marks)],
        }


def _tcp_target(mesh: Mesh, route: Route) -> Json:
    """TCP has no route configuration of its own: a change of weights is a change of the listener.

    Unlike the HTTP router the TCP proxy takes no arm of weight 0, so those are left out.
    """
    arms = routes.weighted(mesh, route)["clusters"]
    return {"weighted_clusters": {"clusters": [one for one in arms if one["weight"] > 0]}}


def _http(side: str, route_config: str, http_filters: list[Json], prefix: str = "") -> Json:
    """`preserve_external_request_id` and the uuid settings leave a request id as it came, bit by bit."""
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=prefix or side,
        rds={"route_config_name": route_config, "config_source": FROM_ADS},
        http_filters=http_filters,
        access_log=[logs.downstream(side)],
        upgrade_configs=[{"upgrade_type": "websocket"}],
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        preserve_external_request_id=True,
        request_id_extension={
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                "pack_trace_reason": False,
            }
        },
    )


def _tcp_proxy(side: str, target: Json, timeout: Timeout, marks: tuple[str, ...] = ()) -> Json:
    idle = {} if timeout.idle is None else {"idle_timeout": seconds(timeout.idle)}
    return extension(
        "envoy.filters.network.tcp_proxy",
        "extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=side,
        access_log=[logs.tcp(side, *marks)],
        **target,
        **idle,
    )
