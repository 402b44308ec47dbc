"""Listeners of a sidecar: what comes in for its application, and what the application sends out."""

from __future__ import annotations

from collections.abc import Iterable

from chaosmesh.envoy import filters, logs, names, routes
from chaosmesh.envoy.forms import FROM_ADS, Json, extension, seconds, socket
from chaosmesh.mesh import Listener, Mesh, Replica, Route, Service, Timeout, Topology, Workload


def ingress(mesh: Mesh, workload: Workload, replica: Replica) -> Json:
    """One chain per port of the workload, and one more for what comes in through a door."""
    places = [(replica.sidecar, "ingress")] + ([(replica.door, "door")] if replica.door else [])
    served = [(address, side, one) for address, side in places for one in workload.listeners]
    return {
        **_listener(names.INGRESS_LISTENER, replica.sidecar, names.INGRESS_PORT),
        "traffic_direction": "INBOUND",
        "additional_addresses": _addresses((address, one.port) for address, _, one in served),
        "filter_chains": [_ingress_chain(mesh, workload, *one) for one in served],
    }


def egress(mesh: Mesh, topology: Topology, replica: Replica) -> Json:
    """Host routing on 15001; on the addresses of the backends one chain per HTTP port, and one per TCP service."""
    offers = [(one.address, mesh.service(one.service)) for one in topology.egresses_of(replica)]
    http = [(address, port) for address, service in offers for port in routes.http_ports(service)]
    tcp = [
        (address, one.port, service)
        for address, service in offers
        for one in service.ports
        if one.protocol == "tcp"
    ]
    return {
        **_listener(names.EGRESS_LISTENER, replica.sidecar, names.EGRESS_PORT),
        "traffic_direction": "OUTBOUND",
        "additional_addresses": _addresses([*http, *((address, port) for address, port, _ in tcp)]),
        "filter_chains": [
            *(_egress_chain(port) for port in sorted({names.EGRESS_PORT, *(port for _, port in http)})),
            *(chain for one in tcp for chain in _tcp_egress_chain(mesh, *one)),
        ],
    }


def _listener(name: str, address: str, port: int) -> Json:
    """Without port reuse a second Envoy on the same address is refused instead of taking half the traffic."""
    return {"name": name, "address": socket(address, port), "enable_reuse_port": False}


def _addresses(places: Iterable[tuple[str, int]]) -> list[Json]:
    return [{"address": socket(address, port)} for address, port in dict.fromkeys(places)]


def _match(port: int, address: str | None = None) -> Json:
    ranges = [{"address_prefix": address, "prefix_len": 32}] if address else []
    return {"destination_port": port, **({"prefix_ranges": ranges} if ranges else {})}


def _ingress_chain(mesh: Mesh, workload: Workload, address: str, side: str, listener: Listener) -> Json:
    match = {"name": f"{side}_{listener.port}", "filter_chain_match": _match(listener.port, address)}
    if listener.protocol == "tcp":
        cluster = names.ingress_cluster(mesh.name, workload.name, "tcp", listener.port)
        return {**match, "filters": [_tcp_proxy(side, {"cluster": cluster}, listener.timeout)]}
    name = names.door_routes(listener.port) if side == "door" else names.ingress_routes(listener.port)
    return {**match, "filters": [_http(side, name, filters.ingress())]}


def _egress_chain(port: int) -> Json:
    router = filters.router(logs.attempts("egress"))
    return {
        "name": f"egress_{port}",
        "filter_chain_match": _match(port),
        "filters": [_http("egress", names.egress_routes(port), [router])],
    }


def _tcp_egress_chain(mesh: Mesh, address: str, port: int, service: Service) -> Iterable[Json]:
    route = next(
        (one for one in service.routes if one.protocol == "tcp" and one.match.port in (None, port)), None
    )
    if route:
        yield {
            "name": f"egress_{service.name}_{port}",
            "filter_chain_match": _match(port, address),
            "filters": [_tcp_proxy("egress", _tcp_target(mesh, route), route.timeout)],
        }


def _tcp_target(mesh: Mesh, route: Route) -> Json:
    """TCP has no route configuration of its own: a change of weights is a change of the listener.

    Unlike the HTTP router the TCP proxy takes no arm of weight 0, so those are left out.
    """
    arms = routes.weighted(mesh, route)["clusters"]
    return {"weighted_clusters": {"clusters": [one for one in arms if one["weight"] > 0]}}


def _http(side: str, route_config: str, http_filters: list[Json]) -> Json:
    """`preserve_external_request_id` and the uuid settings leave a request id as it came, bit by bit."""
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=side,
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


def _tcp_proxy(side: str, target: Json, timeout: Timeout) -> Json:
    idle = {} if timeout.idle is None else {"idle_timeout": seconds(timeout.idle)}
    return extension(
        "envoy.filters.network.tcp_proxy",
        "extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=side,
        access_log=[logs.tcp(side)],
        **target,
        **idle,
    )
