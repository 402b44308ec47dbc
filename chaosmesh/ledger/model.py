"""What each request met: requests, the calls they caused, the attempts of each call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


def succeeded(status: int, grpc_status: int | None) -> bool:
    """Success: answered with a status below 500; for gRPC, with grpc-status 0."""
    return 0 < status < 500 and not grpc_status


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call. Times: epoch nanoseconds and milliseconds, as the caller's sidecar saw them.

    `server` and `replica` are "" and None when the attempt left for nowhere (no connection was even
    picked). `matched`: the server's sidecar saw it too; only then are `victim` (the id of the request fault
    that hit it), `lineage` (the attempts of all hops down to this one) and `server_flags` (what the server's
    sidecar says of its application, or of its own limits) known.
    `lost`: only the server's sidecar saw it, because the caller's row never came.
    """

    number: int
    server: str
    replica: int | None
    start_ns: int
    duration_ms: float
    status: int
    flags: tuple[str, ...] = ()
    details: str = ""
    victim: str = ""
    matched: bool = False
    grpc_status: int | None = None
    upstream: str = ""
    cluster: str = ""
    lineage: str = ""
    server_flags: tuple[str, ...] = ()
    lost: bool = False

    @property
    def end_ns(self) -> int:
        """When the attempt was over, epoch nanoseconds."""
        return self.start_ns + round(self.duration_ms * 1e6)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that an application made to a service through its sidecar, with all its attempts.

    `complete`: its own row is in, and every row that its attempts must have; `missing` says what is not.
    `host` is the one that was asked for, as the caller's sidecar sent it on. `tcp`: a connection, in no stream;
    `received` and `sent` are bytes of the bodies, from and to the application. `lost`: its own row never came, so
    that only its attempts tell of it.
    """

    client: str
    service: str
    id: str
    request_id: str
    stream: int | None
    lineage: str
    start_ns: int
    duration_ms: float
    status: int
    flags: tuple[str, ...]
    details: str
    route: str
    route_hash: str
    attempts: tuple[Attempt, ...]
    replica: int | None = None
    grpc_status: int | None = None
    method: str = ""
    path: str = ""
    missing: tuple[str, ...] = ()
    tcp: bool = False
    received: int = 0
    sent: int = 0
    host: str = ""
    lost: bool = False

    @property
    def complete(self) -> bool:
        """Whether every row of this call is in."""
        return not self.missing

    @property
    def ok(self) -> bool:
        """Whether the application got a success."""
        return succeeded(self.status, self.grpc_status)

    @property
    def end_ns(self) -> int:
        """When the call was over, epoch nanoseconds."""
        return self.start_ns + round(self.duration_ms * 1e6)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a request failed: the first thing, seen from the bottom of its tree, that explains it.

    kind "fault": a fault that was in force, `name` is its id and `detail` what showed it (a flag, a status; nothing
    for a request fault, whose victims are marked). "flag": what a sidecar says (UF, UT, UO, …). "status": an
    application answered `name`. "client": the generator got no answer, `name` is its error. "unattributed": the rows
    don't tell. `place` is the edge, or the workload.
    """

    kind: Literal["fault", "flag", "status", "client", "unattributed"]
    name: str = ""
    place: str = ""
    detail: str = ""

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}".rstrip()
        text = f"{text} at {self.place}" if self.place else text
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the generator, with everything it caused. Times are epoch nanoseconds.

    `entry` is the workload at which it came in, `entry_route` the rule of a gateway that took it there. `cause` is
    None for a success.
    """

    stream: int
    seq: int
    spec: int
    request_id: str
    intended_ns: int
    sent_ns: int
    done_ns: int
    status: int
    grpc_status: int | None
    size: int
    error: str
    entry: str
    calls: tuple[Call, ...]
    cause: Cause | None = None
    missing: tuple[str, ...] = ()
    entry_route: str = ""

    @property
    def complete(self) -> bool:
        """Whether every row of this request that is known to exist is in."""
        return not self.missing

    @property
    def ok(self) -> bool:
        """Whether its user got a success."""
        return not self.error and succeeded(self.status, self.grpc_status)

    @property
    def latency_ms(self) -> float:
        """Milliseconds from the intended time to the answer; infinite when there was none."""
        return (self.done_ns - self.intended_ns) / 1e6 if self.status else math.inf
