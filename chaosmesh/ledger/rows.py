"""What identifies an access-log row, and in which order rows are told."""

from __future__ import annotations

from chaosmesh.envoy import AccessRow
from chaosmesh.load import request_id, seq_of, stream_of


def canonical(request: str) -> str:
    """The id as its generator wrote it: a tracing sidecar may change the version digit on the way."""
    if request[14:15] == "4":
        return request
    stream, seq = stream_of(request), seq_of(request)
    return request if stream is None or seq is None else request_id(stream, seq)


def order(row: AccessRow) -> tuple[object, ...]:
    """A total order of rows that does not depend on when they arrived."""
    identity = (row.start_ns, row.sidecar, row.side, row.attempt_row, row.request_id, row.call, row.attempt)
    answer = (row.duration_ms, row.status, -1 if row.grpc_status is None else row.grpc_status, row.flags)
    place = (row.upstream, row.cluster, row.lineage, row.edge, row.route, row.route_hash)
    return (
        *identity,
        *answer,
        *place,
        row.details,
        row.method,
        row.authority,
        row.path,
        row.victim,
        row.received,
        row.sent,
    )
