"""Tracing: what a sidecar's listeners have more where spans are wanted, as a pure pass over a finished snapshot.

Without it nothing of a configuration changes, not a byte. With it every HTTP connection manager makes a span for each
request and one for each attempt, by Envoy's OpenTelemetry tracer, or by the X-Ray tracer as App Mesh set it
(`ENABLE_ENVOY_XRAY_TRACING=1`; segment name, origin and metadata of its agent). All requests are traced, where App
Mesh took 5 %: a run is short, and the request that is asked for must be there. Request ids stay as they came.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final, Literal

from chaosmesh.envoy import names
from chaosmesh.envoy.forms import Json, extension, seconds
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.mesh import Mesh, Replica

Provider = Literal["otel", "xray"]
DAEMON_PORT: Final = 2000
"""Where App Mesh's Envoys looked for the X-Ray daemon (`XRAY_DAEMON_PORT`)."""
FLUSH_MS: Final = 200
BATCH: Final = 256
"""Spans that are sent at once, or what there is after FLUSH_MS; Envoy's own 5 and 5 s are many small messages, and
late ones."""
SEND_TIMEOUT: Final = 2.0

SIDECAR, SIDE, RULE, REQUEST = (
    "chaosmesh.sidecar",
    "chaosmesh.side",
    "chaosmesh.route",
    "chaosmesh.request_id",
)
CALL, EDGE, LINEAGE = "chaosmesh.call", "chaosmesh.edge", "chaosmesh.lineage"
ATTEMPT, VICTIM, HEALTH = "chaosmesh.attempt", "chaosmesh.victim", "chaosmesh.health"
_HEADERS: Final = {
    REQUEST: "x-request-id",
    CALL: names.CALL,
    EDGE: names.EDGE,
    LINEAGE: names.LINEAGE,
    ATTEMPT: names.ATTEMPT,
    VICTIM: names.VICTIM,
    HEALTH: names.HEALTH,
}
_MANAGER: Final = "envoy.filters.network.http_connection_manager"


@dataclass(frozen=True, slots=True)
class Tracing:
    """Which tracer the sidecars use; `daemon` is the address at which X-Ray segments are taken."""

    provider: Provider
    daemon: str = "127.0.0.1"


def traced(snapshot: Snapshot, mesh: Mesh, replica: Replica, tracing: Tracing) -> Snapshot:
    """The snapshot for a sidecar that makes spans; pure."""
    listeners = {
        name: {
            **one,
            "filter_chains": [_chain(chain, mesh, replica, tracing) for chain in one["filter_chains"]],
        }
        for name, one in snapshot.listeners.items()
    }
    return replace(snapshot, listeners=listeners)


def runtime_layer(tracing: Tracing | None) -> Json:
    """What the bootstrap has more: how often spans are sent. X-Ray's go out one by one."""
    if tracing is None or tracing.provider != "otel":
        return {}
    values = {
        "tracing.opentelemetry.flush_interval_ms": FLUSH_MS,
        "tracing.opentelemetry.min_flush_spans": BATCH,
    }
    return {"layered_runtime": {"layers": [{"name": "tracing", "static_layer": values}]}}


def _chain(chain: Json, mesh: Mesh, replica: Replica, tracing: Tracing) -> Json:
    return {**chain, "filters": [_filter(one, mesh, replica, tracing) for one in chain["filters"]]}


def _filter(network_filter: Json, mesh: Mesh, replica: Replica, tracing: Tracing) -> Json:
    if network_filter["name"] != _MANAGER:
        return network_filter
    manager = network_filter["typed_config"]
    ids = manager["request_id_extension"]["typed_config"]
    # Also requests whose id is no UUID; and never a digit of one is changed.
    ids = {**ids, "use_request_id_for_trace_sampling": False}
    everything = {"value": 100}
    side = manager["stat_prefix"].partition(".")[0]
    spans = {
        "client_sampling": everything,
        "random_sampling": everything,
        "overall_sampling": everything,
        "spawn_upstream_span": True,
        "custom_tags": _tags(mesh, replica, side),
        "provider": _provider(mesh, replica, tracing),
    }
    changed = {**manager, "tracing": spans, "request_id_extension": {"typed_config": ids}}
    return {**network_filter, "typed_config": changed}


def _tags(mesh: Mesh, replica: Replica, side: str) -> list[Json]:
    literals = {
        "appmesh.mesh": mesh.name,
        _resource(mesh, replica): replica.node,
        "chaosmesh.replica": str(replica.index),
        SIDECAR: replica.key,
        SIDE: side,
    }
    rule = {
        "kind": {"route": {}},
        "metadata_key": {"key": "chaosmesh", "path": [{"key": "rule"}]},
    }
    return [
        *({"tag": tag, "literal": {"value": value}} for tag, value in literals.items()),
        *({"tag": tag, "request_header": {"name": header}} for tag, header in _HEADERS.items()),
        {"tag": RULE, "metadata": rule},
    ]


def _resource(mesh: Mesh, replica: Replica) -> str:
    gateway = mesh.workload(replica.node).gateway
    return "appmesh.virtual_gateway" if gateway else "appmesh.virtual_node"


def _provider(mesh: Mesh, replica: Replica, tracing: Tracing) -> Json:
    if tracing.provider == "otel":
        return extension(
            "envoy.tracers.opentelemetry",
            "config.trace.v3.OpenTelemetryConfig",
            grpc_service={
                "envoy_grpc": {"cluster_name": names.ALS_CLUSTER},
                "timeout": seconds(SEND_TIMEOUT),
            },
            service_name=replica.node,
        )
    kind = _resource(mesh, replica).removeprefix("appmesh.")
    about = {"mesh_name": mesh.name, f"{kind}_name": replica.node}
    always = {"version": 2, "default": {"fixed_target": 1, "rate": 1.0}, "rules": []}
    return extension(
        "envoy.tracers.xray",
        "config.trace.v3.XRayConfig",
        daemon_endpoint={"protocol": "UDP", "address": tracing.daemon, "port_value": DAEMON_PORT},
        segment_name=f"{mesh.name}/{replica.node}",
        sampling_rule_manifest={"inline_string": json.dumps(always)},
        segment_fields={"origin": "AWS::AppMesh::Proxy", "aws": {"app_mesh": about}},
    )
