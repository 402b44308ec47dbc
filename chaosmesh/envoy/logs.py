"""Access loggers of a sidecar: entries go to our own service, in a cluster of their own."""

from __future__ import annotations

from typing import Final

from chaosmesh.envoy import names
from chaosmesh.envoy.forms import Json, extension, seconds

FLUSH: Final = 0.05
HELD: Final = 32 << 20
"""Bytes of entries that a sidecar keeps while we are too busy to take them: what does not fit is dropped, and Envoy's
own 16 KiB hold a hundredth of a second of heavy load."""
LOGGED_HEADERS: Final = (names.CALL, names.EDGE, names.LINEAGE, names.VICTIM, names.ATTEMPT)
ATTEMPTS: Final = ".attempt"
"""Suffix of the log name of an entry per upstream attempt."""
EDGE: Final = "edge"
ROUTE: Final = "route"


def downstream(side: str) -> Json:
    """The logger of the requests that arrive; health checks of the mesh are no calls of anyone."""
    quiet = {"header_filter": {"header": {"name": names.HEALTH, "present_match": True, "invert_match": True}}}
    return {**_http(side), "filter": quiet}


def attempts(side: str) -> Json:
    """The logger of upstream attempts."""
    return _http(side + ATTEMPTS)


def tcp(side: str, edge: str = "", route: str = "") -> Json:
    """The logger of connections. They carry no headers, so that the listener says which edge and route they are."""
    tags = [
        {"tag": tag, "literal": {"value": value}} for tag, value in ((EDGE, edge), (ROUTE, route)) if value
    ]
    return extension(
        "envoy.access_loggers.tcp_grpc",
        "extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig",
        common_config={**_common(side), **({"custom_tags": tags} if tags else {})},
    )


def _http(name: str) -> Json:
    return extension(
        "envoy.access_loggers.http_grpc",
        "extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
        common_config={**_common(name), "custom_tags": [_route_hash()]},
        additional_request_headers_to_log=list(LOGGED_HEADERS),
        additional_response_headers_to_log=["grpc-status"],
        additional_response_trailers_to_log=["grpc-status"],
    )


def _common(name: str) -> Json:
    return {
        "log_name": name,
        "transport_api_version": "V3",
        "grpc_service": {"envoy_grpc": {"cluster_name": names.ALS_CLUSTER}},
        "buffer_flush_interval": seconds(FLUSH),
        "buffer_size_bytes": HELD,
    }


def _route_hash() -> Json:
    key = {"key": "chaosmesh", "path": [{"key": "hash"}]}
    return {"tag": "hash", "metadata": {"kind": {"route": {}}, "metadata_key": key}}
