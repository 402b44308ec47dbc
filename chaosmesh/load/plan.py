"""What a stream of load is, what is kept of each request, and what a finished stream says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from chaosmesh.load.shapes import Shape

Arrivals = Literal["constant", "poisson"]
Protocol = Literal["http", "http2", "grpc", "tcp"]

MIN_SENT_SHARE = 0.99
"""A generator that sends a smaller share of its plan is late."""

MIN_LAG_BOUND_MS = 5.0
"""Lag (p99) that is never called late."""

LAG_SHARE_OF_BOUND = 0.05
"""Lag (p99) as a share of the tightest latency bound that is still on time."""

MAX_BUSY = 0.9
"""Share of a core from which on a closed generator says nothing about the service (Locust's own threshold)."""

MAX_IN_FLIGHT = 10_000
"""What one process may have under way of a stream; more is dropped."""

_STREAMS = 1 << 32
_SEQUENCES = 1 << 48
# Envoy's UUID extension writes its trace decision into the version digit, so that one digit may differ.
_REQUEST_ID = re.compile(r"([0-9a-f]{8})-0000-[0-9a-f]000-8000-([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """One kind of request in a stream's mix; `weight` is its share relative to the other kinds, `name` what claims
    about this kind alone call it.

    `protocol`: "http" is HTTP/1.1; "http2" is HTTP/2 with prior knowledge (ALPN under TLS); "grpc" is one call of
    `path` = `/service/method` with `headers` as metadata and `body` as the one message, framed here; "tcp" sends
    `body` as one line on a connection of its own and takes one line as the answer.
    """

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    weight: float = 1.0
    protocol: Protocol = "http"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connections of a stream are secured; files are PEM.

    `server_name` goes into SNI and is compared with the certificate; empty: neither. `ca_file`: whom to trust, None
    takes any certificate. `cert_file` and `key_file`: what to show when the server asks.
    """

    server_name: str = ""
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """Users of a locustfile instead of a rate: each waits for its answer before it goes on.

    `users` None: as many as the file's own LoadTestShape says. `spawn_rate`: users started a second, None all at once.
    """

    file: str
    users: int | None = None
    spawn_rate: float | None = None

    @property
    def label(self) -> str:
        """What a reader must know of it."""
        many = "the users of its shape" if self.users is None else f"{self.users} users"
        return f"closed: {many} of {self.file}, who wait for each answer and are blind to stalls"


@dataclass(frozen=True, slots=True)
class Stream:
    """An open-loop stream: requests leave by the clock, whatever the answers do.

    `url` is `http://ip:port` whatever is spoken there (`tcp://` and, with `tls`, `https://` will do too), `host` the
    Host header, `rate` in requests per second, `duration` and `timeout` in seconds (the timeout counts from the
    send). With a `shape` the rate follows it instead, and with `closed` users do what their file says: then `rate` says nothing. The stream ends after `count`
    requests, after `duration`, with its shape, whichever comes first, or when it is stopped.
    """

    id: int
    name: str
    url: str
    host: str
    requests: tuple[RequestSpec, ...]
    rate: float
    arrivals: Arrivals = "constant"
    count: int | None = None
    duration: float | None = None
    seed: int = 0
    timeout: float = 30.0
    tls: Tls | None = None
    shape: Shape | None = None
    closed: Closed | None = None

    @property
    def peak(self) -> float:
        """The highest rate that it ever has."""
        return self.rate if self.shape is None else self.shape.peak


@dataclass(frozen=True, slots=True)
class Record:
    """One finished request. Times are epoch nanoseconds; `status` 0 means no answer, and `error` says why.

    `size` counts the bytes of the body, of the messages (gRPC) or of the line without its end (TCP, whose status is
    200). `grpc_status` is None for everything but gRPC.

    `sent_ns` is when the generator took the request up (a new connection's handshake comes after it), so
    `lag_ms` is the generator's own lateness and nothing of the service's.
    """

    seq: int
    spec: int
    intended_ns: int
    sent_ns: int
    done_ns: int
    status: int
    size: int
    error: str = ""
    grpc_status: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded: answered with a status below 500, for gRPC with grpc-status 0."""
        return 0 < self.status < 500 and not self.grpc_status

    @property
    def latency_ms(self) -> float:
        """What a user feels: from the intended time to the end of the answer."""
        return (self.done_ns - self.intended_ns) / 1e6

    @property
    def lag_ms(self) -> float:
        """How late the generator was with this request."""
        return (self.sent_ns - self.intended_ns) / 1e6

    @property
    def service_ms(self) -> float:
        """From the send to the end of the answer; blind to a late generator."""
        return (self.done_ns - self.sent_ns) / 1e6


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What one of several workers did of a stream."""

    sent: int
    dropped: int
    lag_p99_ms: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What a finished stream did; `planned` = `sent` + `dropped`, and every sent request is `finished`.

    `dropped` were due but not sent: too many in flight, sockets exhausted, or more than a second late.
    `retried` met a keep-alive connection that the server was just closing and went out again on a new one.
    `cpu_s` is the CPU time of the generator's processes while the stream ran (streams side by side share it),
    `seconds` the time from the first intended send to the last answer. `workers` has the parts of several workers.
    Of a `closed` stream: requests without an id of ours (`strangers`, in no record), and errors that ended a task of
    the user's file (`user_errors`).
    """

    stream: int
    name: str
    planned: int
    sent: int
    finished: int
    dropped: int
    retried: int
    lag_p50_ms: float
    lag_p99_ms: float
    cpu_s: float
    seconds: float
    workers: tuple[WorkerReport, ...] = ()
    closed: bool = False
    strangers: int = 0
    user_errors: int = 0

    def late(self, bound_ms: float | None = None) -> str | None:
        """Why the generator was late, or None; `bound_ms` is the tightest latency bound that is judged."""
        if self.closed:
            return self._saturated()
        if self.sent < MIN_SENT_SHARE * self.planned:
            share = self.sent / self.planned
            return f"the generator sent {self.sent:,} of {self.planned:,} planned requests ({share:.1%}){self._worst()}"
        allowed = max(MIN_LAG_BOUND_MS, LAG_SHARE_OF_BOUND * (bound_ms or 0.0))
        if self.lag_p99_ms > allowed:
            return f"the generator's lag p99 was {self.lag_p99_ms:.1f} ms, allowed {allowed:.1f} ms{self._worst()}"
        return None

    def _saturated(self) -> str | None:
        """Closed users are never late, they only ask less often; but their process may have had no time left."""
        share = self.cpu_s / self.seconds if self.seconds else 0.0
        if share > MAX_BUSY:
            return f"the generator was saturated: Locust used {share:.0%} of a core"
        if not self.finished:
            seen = f"; {self.strangers:,} requests carried no id" if self.strangers else ""
            failed = (
                f"; {self.user_errors:,} tasks ended with an error, see load.log" if self.user_errors else ""
            )
            return f"the users of the locustfile sent nothing that can be judged{seen}{failed}"
        return None

    def _worst(self) -> str:
        if not self.workers:
            return ""
        worst = max(
            range(len(self.workers)),
            key=lambda one: (self.workers[one].dropped, self.workers[one].lag_p99_ms),
        )
        one = self.workers[worst]
        return f"; worst of {len(self.workers)} workers: {worst} (lag p99 {one.lag_p99_ms:.1f} ms, {one.dropped:,} not sent)"


def request_id(stream_id: int, seq: int) -> str:
    """The x-request-id of one request: a version 4 UUID that names its stream and its number."""
    return f"{stream_id:08x}-0000-4000-8000-{seq:012x}"


def stream_of(request_id: str) -> int | None:
    """The stream that a request id names; None for ids that aren't ours."""
    match = _REQUEST_ID.fullmatch(request_id)
    return int(match[1], 16) if match else None


def seq_of(request_id: str) -> int | None:
    """The number within its stream that a request id names; None for ids that aren't ours."""
    match = _REQUEST_ID.fullmatch(request_id)
    return int(match[2], 16) if match else None


def fits(stream_id: int, count: int | None) -> bool:
    """Whether a stream's id and count fit into request ids."""
    return 0 <= stream_id < _STREAMS and (count is None or count <= _SEQUENCES)
