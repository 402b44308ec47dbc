"""Access logs of all sidecars: a row per request that a sidecar served, and one per attempt that it made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from chaosmesh.envoy import codec, names
from chaosmesh.envoy.admission import Admission
from chaosmesh.envoy.logs import ATTEMPTS, EDGE, ROUTE
from chaosmesh.envoy.rpc import grpc

Side = Literal["egress", "ingress", "door"]
SERVICE: Final = "envoy.service.accesslog.v3.AccessLogService"

FLAGS: Final = {
    "failed_local_healthcheck": "LH",
    "no_healthy_upstream": "UH",
    "upstream_request_timeout": "UT",
    "local_reset": "LR",
    "upstream_remote_reset": "UR",
    "upstream_connection_failure": "UF",
    "upstream_connection_termination": "UC",
    "upstream_overflow": "UO",
    "no_route_found": "NR",
    "delay_injected": "DI",
    "fault_injected": "FI",
    "rate_limited": "RL",
    "rate_limit_service_error": "RLSE",
    "downstream_connection_termination": "DC",
    "upstream_retry_limit_exceeded": "URX",
    "stream_idle_timeout": "SI",
    "invalid_envoy_request_headers": "IH",
    "downstream_protocol_error": "DPE",
    "upstream_max_stream_duration_reached": "UMSDR",
    "no_filter_config_found": "NFCF",
    "duration_timeout": "DT",
    "upstream_protocol_error": "UPE",
    "no_cluster_found": "NC",
    "overload_manager": "OM",
    "dns_resolution_failure": "DF",
    "downstream_remote_reset": "DR",
}
"""Short names of Envoy's response flags, by their field in the gRPC access log."""
UNTAKEN: Final = frozenset({"UF", "UH", "UO", "NC", "NR"})
"""Flags of a connection that no server took."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One entry of a sidecar's access log.

    `attempt_row` False: a request that the sidecar served (`attempt`: on egress how many attempts it made, on
    ingress which attempt of the caller it was); True: one attempt that an egress made (`attempt`: its number,
    from 1). `lineage` is what the request carried when it left the sidecar: on ingress with its own attempt
    appended. Times are the sidecar's clock: epoch nanoseconds, milliseconds. `status` 0: no answer.

    `tcp`: one connection, with `call` as its id (no hop passes one on), `attempt` 1 where it went to a server, and
    `status` 200 if that took it, else 503. `received` and `sent` are bytes of the body, as the sidecar's client
    sees it: what it sent, and what it got.
    """

    sidecar: str
    side: Side
    attempt_row: bool
    request_id: str
    call: str
    attempt: int
    lineage: str
    edge: str
    start_ns: int
    duration_ms: float
    status: int
    grpc_status: int | None
    flags: tuple[str, ...]
    details: str
    route: str
    route_hash: str
    cluster: str
    upstream: str
    method: str
    authority: str
    path: str
    victim: str
    received: int = 0
    sent: int = 0
    tcp: bool = False


class AccessLogs:
    """The access log service. `taken` counts the entries of each sidecar by its key, from its start."""

    def __init__(self, admission: Admission, on_rows: Callable[[list[AccessRow]], None]) -> None:
        self.taken: Counter[str] = Counter()
        self._admission = admission
        self._on_rows = on_rows

    def handler(self) -> Any:
        """The service, to be added to a gRPC server."""
        method = grpc.stream_unary_rpc_method_handler(
            self._receive,
            request_deserializer=codec.message(
                "envoy.service.accesslog.v3.StreamAccessLogsMessage"
            ).FromString,
            response_serializer=bytes,
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"StreamAccessLogs": method})

    async def _receive(self, messages: Any, context: Any) -> bytes:
        """One log of one sidecar; only the first message says whose it is."""
        sidecar, name = await self._admission.enter(context, "access log"), ""
        async for message in messages:
            if message.HasField("identifier"):
                await self._admission.same(context, "access log", sidecar, message.identifier.node.id)
                name = message.identifier.log_name
            rows = [row(sidecar, name, entry) for entry in message.http_logs.log_entry]
            rows += [connection(sidecar, name, entry) for entry in message.tcp_logs.log_entry]
            self.taken[sidecar] += len(rows)
            if rows:
                self._on_rows(rows)
        return b""


def row(sidecar: str, log_name: str, entry: Any) -> AccessRow:
    """One HTTP entry as a row. Runs for every request of a load, so each field is read once."""
    common, request, response = entry.common_properties, entry.request, entry.response
    headers = request.request_headers
    side, attempt_row = log_name.removesuffix(ATTEMPTS), log_name.endswith(ATTEMPTS)
    logged = headers.get(names.ATTEMPT, "")
    if side == "egress" and not attempt_row:
        attempt = common.upstream_request_attempt_count
    else:
        attempt = int(logged) if logged.isdigit() else 1
    start, duration = common.start_time, common.duration
    return AccessRow(
        sidecar,
        side,  # type: ignore[arg-type]
        attempt_row,
        request.request_id,
        headers.get(names.CALL, ""),
        attempt,
        headers.get(names.LINEAGE, ""),
        headers.get(names.EDGE, ""),
        start.seconds * 1_000_000_000 + start.nanos,
        duration.seconds * 1e3 + duration.nanos / 1e6,
        response.response_code.value,
        _grpc_status(response),
        _flags(common.response_flags),
        response.response_code_details,
        common.route_name,
        common.custom_tags.get("hash", ""),
        common.upstream_cluster,
        _address(common.upstream_remote_address),
        _METHODS[request.request_method],
        request.authority,
        request.path,
        headers.get(names.VICTIM, ""),
        request.request_body_bytes,
        response.response_body_bytes,
    )


def connection(sidecar: str, log_name: str, entry: Any) -> AccessRow:
    """One TCP entry as a row. What HTTP carries in headers comes from the listener's own marks."""
    common, traffic = entry.common_properties, entry.connection_properties
    start, duration = common.start_time, common.duration
    flags, upstream = _flags(common.response_flags), _address(common.upstream_remote_address)
    taken = bool(upstream) and not UNTAKEN.intersection(flags)
    return AccessRow(
        sidecar=sidecar,
        side=log_name,  # type: ignore[arg-type]
        attempt_row=False,
        request_id="",
        call=common.stream_id,
        attempt=int(bool(upstream)),
        lineage="",
        edge=common.custom_tags.get(EDGE, ""),
        start_ns=start.seconds * 1_000_000_000 + start.nanos,
        duration_ms=duration.seconds * 1e3 + duration.nanos / 1e6,
        status=200 if taken else 503,
        grpc_status=None,
        flags=flags,
        details=common.connection_termination_details,
        route=common.custom_tags.get(ROUTE, ""),
        route_hash="",
        cluster=common.upstream_cluster,
        upstream=upstream,
        method="",
        authority=_address(common.downstream_local_address),
        path="",
        victim="",
        received=traffic.received_bytes,
        sent=traffic.sent_bytes,
        tcp=True,
    )


_METHODS: Final = ("", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")


def _grpc_status(response: Any) -> int | None:
    text = response.response_trailers.get("grpc-status") or response.response_headers.get("grpc-status")
    return int(text) if text and text.isdigit() else None


def _flags(flags: Any) -> tuple[str, ...]:
    found = flags.ListFields()
    return tuple([FLAGS.get(field.name, field.name) for field, _ in found]) if found else ()


def _address(address: Any) -> str:
    socket = address.socket_address
    return f"{socket.address}:{socket.port_value}" if socket.address else ""
