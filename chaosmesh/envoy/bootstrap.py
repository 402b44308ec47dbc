"""The file a sidecar starts from, and a complete one without a control plane, fit for `envoy --mode validate`."""

from __future__ import annotations

from typing import Any, Final

from chaosmesh.envoy import names
from chaosmesh.envoy.admission import TOKEN
from chaosmesh.envoy.forms import Json, extension, socket, typed
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.envoy.tracing import Tracing, runtime_layer
from chaosmesh.mesh import Replica

_ADS: Final[Json] = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
_AGAIN: Final[Json] = {"retry_policy": {"retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"}}}
"""A control plane that comes back is found at once; Envoy's own pause grows to 30 s."""

_FROM_CONTROL: Final[Json] = {
    "api_config_source": {
        "api_type": "GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"envoy_grpc": {"cluster_name": names.ADS_CLUSTER}}],
    },
    "resource_api_version": "V3",
}
"""Where a static file gets the secrets from that nobody supplied."""


def bootstrap(
    replica: Replica,
    *,
    mesh: str,
    control_socket: str,
    gateway: bool = False,
    token: str = "",
    tracing: Tracing | None = None,
) -> Json:
    """A sidecar that gets everything from the control plane on a unix socket. `gateway`: that of a gateway.

    `token` is what lets it in (`ControlPlane.admit`): whoever reads the file can speak for this sidecar.
    """
    return {
        **_frame(replica, mesh, gateway=gateway),
        **runtime_layer(tracing),
        "static_resources": {"clusters": _control_clusters(control_socket, token)},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": names.ADS_CLUSTER, **_AGAIN}}],
            },
            "cds_config": _ADS,
            "lds_config": _ADS,
        },
    }


def static_config(
    snapshot: Snapshot,
    replica: Replica,
    *,
    mesh: str = "mesh",
    control_socket: str = "/run/chaosmesh.sock",
    gateway: bool = False,
) -> Json:
    """The same configuration in one static file: routes and endpoints stand where they are used."""
    return {
        **_frame(replica, mesh, gateway=gateway),
        "static_resources": {
            "clusters": _control_clusters(control_socket)
            + [_static_cluster(one, snapshot) for one in snapshot.clusters.values()],
            "listeners": [_inline(one, snapshot) for one in snapshot.listeners.values()],
        },
    }


def _frame(replica: Replica, mesh: str, *, gateway: bool) -> Json:
    """The tags are those that App Mesh's Envoys put on all statistics."""
    own = "appmesh.virtual_gateway" if gateway else "appmesh.virtual_node"
    tags = {"appmesh.mesh": mesh, own: replica.node}
    return {
        "node": {"id": replica.key, "cluster": mesh},
        "admin": {"address": socket(replica.sidecar, names.ADMIN_PORT)},
        "stats_config": {
            "stats_tags": [{"tag_name": name, "fixed_value": value} for name, value in tags.items()]
        },
    }


def _control_clusters(control_socket: str, token: str = "") -> list[Json]:
    """Access logs have a cluster and a socket of their own: a flood of entries never holds back configuration, and
    they outlive the control plane."""
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http2_protocol_options": {}},
        **({"http_filters": _shows(token)} if token else {}),
    )
    sockets = {names.ADS_CLUSTER: control_socket, names.ALS_CLUSTER: names.log_socket(control_socket)}
    return [
        {
            "name": name,
            "type": "STATIC",
            "connect_timeout": "1s",
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
            },
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": path}}}}]}],
            },
        }
        for name, path in sockets.items()
    ]


def _shows(token: str) -> list[Json]:
    """Puts the token on every stream of a cluster: those of loggers and tracers too, which come with listeners and
    would need it in each of them."""
    header = {"header": {"key": TOKEN, "value": token}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return [
        extension(
            "envoy.filters.http.header_mutation",
            "extensions.filters.http.header_mutation.v3.HeaderMutation",
            mutations={"request_mutations": [{"append": header}]},
        ),
        extension(
            "envoy.filters.http.upstream_codec",
            "extensions.filters.http.upstream_codec.v3.UpstreamCodec",
        ),
    ]


def _static_cluster(cluster: Json, snapshot: Snapshot) -> Json:
    rest: Json = _inline(cluster, snapshot)
    if cluster.get("type") != "EDS":
        return rest
    rest.pop("eds_cluster_config")
    return {**rest, "type": "STATIC", "load_assignment": snapshot.endpoints[cluster["name"]]}


def _inline(node: Any, snapshot: Snapshot) -> Any:
    """Copies a tree, and puts route configurations and secrets in the place of their names."""
    if isinstance(node, list):
        return [_inline(one, snapshot) for one in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _inline(value, snapshot) for name, value in node.items() if name != "rds"}
    if "rds" in node:
        # As over ADS, where a route may lead to a cluster that is not there.
        copy["route_config"] = {
            **snapshot.routes[node["rds"]["route_config_name"]],
            "validate_clusters": False,
        }
    if "sds_config" in node:
        copy["sds_config"] = _FROM_CONTROL
    return _shown(_believed(copy, snapshot), snapshot)


def _shown(context: Json, snapshot: Snapshot) -> Json:
    own = context.get("tls_certificate_sds_secret_configs", [])
    if not own or any(one["name"] not in snapshot.secrets for one in own):
        return context
    rest = {name: one for name, one in context.items() if name != "tls_certificate_sds_secret_configs"}
    return {**rest, "tls_certificates": [snapshot.secrets[one["name"]]["tls_certificate"] for one in own]}


def _believed(context: Json, snapshot: Snapshot) -> Json:
    both = context.get("combined_validation_context")
    if not both or (name := both["validation_context_sds_secret_config"]["name"]) not in snapshot.secrets:
        return context
    rest = {name: one for name, one in context.items() if name != "combined_validation_context"}
    trusted = snapshot.secrets[name]["validation_context"]
    return {**rest, "validation_context": {**both["default_validation_context"], **trusted}}
