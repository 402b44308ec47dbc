"""Transparent capture: the listeners of a sidecar whose network sends it everything, as App Mesh's did.

What a firewall rule redirected to 15000 or 15001 goes to the listener of the address that was dialled
(`use_original_dst`): the same listeners as without capture, which no longer bind a port of their own. A connection
for which there is none meets the egress filter on 15001.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from chaosmesh.envoy import names
from chaosmesh.envoy.clusters import EGRESS_CONNECT_TIMEOUT
from chaosmesh.envoy.forms import Json, extension, seconds, socket
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.mesh import Mesh, Workload

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - inside the replica's own network only
HTTPS: Final = 443
_LISTENER_FILTERS: Final = "envoy.filters.listener"


def captured(snapshot: Snapshot, mesh: Mesh, workload: Workload) -> Snapshot:
    """The snapshot for a sidecar that captures; pure. A gateway has no application, hence nothing to capture."""
    if workload.gateway:
        return snapshot
    listeners = {name: _listener(one, mesh, snapshot) for name, one in snapshot.listeners.items()}
    return replace(snapshot, listeners=listeners, clusters={**snapshot.clusters, **_clusters(mesh)})


def _listener(listener: Json, mesh: Mesh, snapshot: Snapshot) -> Json:
    if listener["name"] == names.INGRESS_LISTENER:
        return {**_anywhere(listener, names.INGRESS_PORT), "use_original_dst": True}
    if listener["name"] == names.EGRESS_LISTENER:
        return _egress(listener, mesh, snapshot)
    return {**listener, "bind_to_port": False}


def _anywhere(listener: Json, port: int) -> Json:
    return {**listener, "address": socket(EVERYWHERE, port)}


def _egress(listener: Json, mesh: Mesh, snapshot: Snapshot) -> Json:
    """The egress filter: hosts of the mesh on its ports, AWS by name, and the rest only where egress is open. Without
    a chain for it a connection is closed."""
    (by_host,) = listener["filter_chains"]
    chains = [{**by_host, "filter_chain_match": {"destination_port": names.EGRESS_PORT}}]
    chains += [{**one, "filter_chain_match": {"destination_port": port}} for port, one in _by_port(snapshot)]
    chains.append(
        {
            "name": "egress_amazonaws",
            "filter_chain_match": {"destination_port": HTTPS, "server_names": ["*.amazonaws.com"]},
            "filters": [_straight_on("amazonaws", _aws(mesh))],
        }
    )
    captured = {
        **_anywhere(listener, names.EGRESS_PORT),
        "use_original_dst": True,
        "listener_filters": [_dialled_address(), _server_names()],
        "filter_chains": chains,
    }
    if mesh.open_egress:
        captured["default_filter_chain"] = {
            "name": "egress_allow_all",
            "filters": [_straight_on("allow_all", _dialled(mesh))],
        }
    return captured


def _by_port(snapshot: Snapshot) -> Iterator[tuple[int, Json]]:
    """The chain that routes by host, for each port on which the replica has a backend over HTTP."""
    seen: set[int] = {names.EGRESS_PORT}
    for listener in snapshot.listeners.values():
        port = int(listener["address"]["socket_address"]["port_value"])
        chain = listener["filter_chains"][0]
        if listener["traffic_direction"] == "OUTBOUND" and port not in seen and _is_http(chain):
            seen.add(port)
            yield port, chain


def _is_http(chain: Json) -> bool:
    return any("http_connection_manager" in str(one["name"]) for one in chain["filters"])


def _dialled_address() -> Json:
    """Envoy itself appends this filter to all others, which then see the port of the listener."""
    return extension(
        f"{_LISTENER_FILTERS}.original_dst", "extensions.filters.listener.original_dst.v3.OriginalDst"
    )


def _server_names() -> Json:
    """Names of TLS servers are looked at on 443 only: servers that speak first would wait for their client."""
    return {
        **extension(
            f"{_LISTENER_FILTERS}.tls_inspector", "extensions.filters.listener.tls_inspector.v3.TlsInspector"
        ),
        "filter_disabled": {"not_match": {"destination_port_range": {"start": HTTPS, "end": HTTPS + 1}}},
    }


def _straight_on(prefix: str, cluster: str) -> Json:
    return extension(
        "envoy.filters.network.tcp_proxy",
        "extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=prefix,
        cluster=cluster,
    )


def _clusters(mesh: Mesh) -> dict[str, Json]:
    wanted = [_aws(mesh), *([_dialled(mesh)] if mesh.open_egress else [])]
    common: dict[str, Any] = {
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": seconds(EGRESS_CONNECT_TIMEOUT),
    }
    return {name: {"name": name, **common} for name in wanted}


def _aws(mesh: Mesh) -> str:
    return f"cds_egress_{mesh.name}_amazonaws"


def _dialled(mesh: Mesh) -> str:
    """The name without an end is taken by what finds hosts of open egress by DNS."""
    return f"cds_egress_{mesh.name}_mesh-allow-all_original_dst"
