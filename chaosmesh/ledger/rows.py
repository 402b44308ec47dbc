"""What the ledger takes in: the shapes of an access-log row, of a generator's record and of its stream.

They are protocols, so that the join can be tried on hand-made rows; the real ones are
`chaosmesh.envoy.AccessRow`, `chaosmesh.load.Record` and `chaosmesh.load.Stream`.
"""

from __future__ import annotations

import re
from typing import Protocol

_REQUEST_ID = re.compile(r"([0-9a-f]{8})-0000-[0-9a-f]000-8000-([0-9a-f]{12})")


class Row(Protocol):
    """One access-log entry; the fields are those of `chaosmesh.envoy.AccessRow`."""

    @property
    def sidecar(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def attempt_row(self) -> bool: ...
    @property
    def request_id(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def lineage(self) -> str: ...
    @property
    def edge(self) -> str: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def duration_ms(self) -> float: ...
    @property
    def status(self) -> int: ...
    @property
    def grpc_status(self) -> int | None: ...
    @property
    def flags(self) -> tuple[str, ...]: ...
    @property
    def details(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def route_hash(self) -> str: ...
    @property
    def cluster(self) -> str: ...
    @property
    def upstream(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def authority(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def victim(self) -> str: ...


class RecordLike(Protocol):
    """One request as its generator saw it; epoch nanoseconds, status 0 = no answer."""

    @property
    def seq(self) -> int: ...
    @property
    def spec(self) -> int: ...
    @property
    def intended_ns(self) -> int: ...
    @property
    def sent_ns(self) -> int: ...
    @property
    def done_ns(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def error(self) -> str: ...


class StreamLike(Protocol):
    """A stream of requests; only its number matters here."""

    @property
    def id(self) -> int: ...


def request_id(stream: int, seq: int) -> str:
    """The request id of one request of a stream."""
    return f"{stream:08x}-0000-4000-8000-{seq:012x}"


def stream_of(request: str) -> int | None:
    """The stream that a request id belongs to, None for anyone else's id."""
    match = _REQUEST_ID.fullmatch(request)
    return int(match[1], 16) if match else None


def canonical(request: str) -> str:
    """The id as its generator wrote it: a tracing sidecar may change the version digit on the way."""
    if request[14:15] == "4" or not _REQUEST_ID.fullmatch(request):
        return request
    return f"{request[:14]}4{request[15:]}"


def order(row: Row) -> tuple[object, ...]:
    """A total order of rows that does not depend on when they arrived."""
    identity = (row.start_ns, row.sidecar, row.side, row.attempt_row, row.request_id, row.call, row.attempt)
    rest = (row.status, row.flags, row.upstream, row.cluster, row.lineage, row.edge, row.route_hash)
    return (*identity, row.duration_ms, *rest, row.details, row.victim, row.path)
