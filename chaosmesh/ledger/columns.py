"""The columns of the ledger's tables: names, types and, in `docs/ledger.md`, meanings and units."""

from __future__ import annotations

import pyarrow as pa

REQUESTS = pa.schema(
    [
        ("request_id", pa.string()),
        ("stream", pa.int64()),
        ("seq", pa.int64()),
        ("spec", pa.int32()),
        ("intended_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("done_ns", pa.int64()),
        ("latency_ms", pa.float64()),
        ("status", pa.int32()),
        ("grpc_status", pa.int32()),
        ("ok", pa.bool_()),
        ("error", pa.string()),
        ("size", pa.int64()),
        ("entry", pa.string()),
        ("calls", pa.int32()),
        ("attempts", pa.int32()),
        ("cause", pa.string()),
        ("cause_name", pa.string()),
        ("cause_place", pa.string()),
        ("cause_detail", pa.string()),
        ("complete", pa.bool_()),
    ]
)
CALLS = pa.schema(
    [
        ("request_id", pa.string()),
        ("stream", pa.int64()),
        ("call", pa.string()),
        ("client", pa.string()),
        ("client_replica", pa.int32()),
        ("service", pa.string()),
        ("lineage", pa.string()),
        ("start_ns", pa.int64()),
        ("duration_ms", pa.float64()),
        ("status", pa.int32()),
        ("grpc_status", pa.int32()),
        ("ok", pa.bool_()),
        ("flags", pa.string()),
        ("details", pa.string()),
        ("route", pa.string()),
        ("route_hash", pa.string()),
        ("method", pa.string()),
        ("host", pa.string()),
        ("path", pa.string()),
        ("attempts", pa.int32()),
        ("tcp", pa.bool_()),
        ("received", pa.int64()),
        ("sent", pa.int64()),
        ("complete", pa.bool_()),
    ]
)
ATTEMPTS = pa.schema(
    [
        ("request_id", pa.string()),
        ("stream", pa.int64()),
        ("call", pa.string()),
        ("client", pa.string()),
        ("service", pa.string()),
        ("number", pa.int32()),
        ("server", pa.string()),
        ("replica", pa.int32()),
        ("start_ns", pa.int64()),
        ("duration_ms", pa.float64()),
        ("status", pa.int32()),
        ("grpc_status", pa.int32()),
        ("flags", pa.string()),
        ("details", pa.string()),
        ("server_flags", pa.string()),
        ("victim", pa.string()),
        ("lineage", pa.string()),
        ("upstream", pa.string()),
        ("cluster", pa.string()),
        ("matched", pa.bool_()),
        ("lost", pa.bool_()),
    ]
)
FAULTS = pa.schema(
    [
        ("fault", pa.string()),
        ("kind", pa.string()),
        ("target", pa.string()),
        ("client", pa.string()),
        ("service", pa.string()),
        ("server", pa.string()),
        ("replica", pa.int32()),
        ("begin_ns", pa.int64()),
        ("end_ns", pa.int64()),
    ]
)
