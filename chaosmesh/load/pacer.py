"""One stream in the generator: sends by the clock, collects what comes back, gives up on what doesn't.

Only the generator's process imports this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from itertools import islice
from urllib.parse import urlsplit

from chaosmesh.load.arrivals import picks, schedule
from chaosmesh.load.exchange import Exchange, Finished, Pool, ShortOfSocketsError
from chaosmesh.load.http1 import Http1Pool
from chaosmesh.load.http2 import Http2Pool
from chaosmesh.load.link import Endpoint
from chaosmesh.load.messages import message_of
from chaosmesh.load.part import WHOLE, Part
from chaosmesh.load.plan import MAX_IN_FLIGHT, Protocol, Stream
from chaosmesh.load.sends import Sends
from chaosmesh.load.shapes import NS
from chaosmesh.load.tcp import TcpPool
from chaosmesh.load.timer import KernelTimer
from chaosmesh.load.tls import Secure
from chaosmesh.load.wire import Failure, Row

MAX_LAG_NS = NS
"""A request that is this late isn't sent any more: the result is invalid anyway, and the backlog must end."""

LEAD_NS = 5_000_000
"""Between the order to begin and the first request."""

_QUANTUM_NS = 1_000_000  # above 2,000 requests a second one wake-up serves several
_QUANTUM_RATE = 2_000
_BURST = 64  # sends in a row before answers are looked at again
NEVER = 1 << 63
"""When nothing is due any more."""


def address_of(url: str) -> tuple[str, int]:
    """IP address and port of a stream's url."""
    parts = urlsplit(url)
    return str(ip_address(parts.hostname or "")), parts.port or 80


_POOLS: dict[Protocol, Callable[[Endpoint, Finished], Pool]] = {
    "http": Http1Pool,
    "http2": Http2Pool,
    "grpc": Http2Pool,
    "tcp": TcpPool,
}


def _pool(stream: Stream, protocol: Protocol, finished: Finished) -> Pool:
    secure = Secure(stream.tls, protocol) if stream.tls else None
    return _POOLS[protocol](Endpoint(address_of(stream.url), secure), finished)


def epoch_offset() -> int:
    """Epoch minus monotonic time (ns). A pause between the two readings makes it too small, so the largest is best."""
    return max(time.time_ns() - time.monotonic_ns() for _ in range(5))


def _part_of(part: Part, whole: Iterator[int]) -> Iterator[int]:
    return whole if part.of == 1 else islice(whole, part.index, None, part.of)


class Flow:
    """A running stream. Counters are plain attributes; rows are taken by the owner."""

    def __init__(self, stream: Stream, part: Part = WHOLE) -> None:
        self.stream = stream
        self.sends = Sends()
        self.dropped = 0
        self._seq, self._step = part.index, part.of
        self._schedule = _part_of(part, self._times(stream))
        self._picks = _part_of(part, picks([spec.weight for spec in stream.requests], stream.seed))
        protocols = {spec.protocol for spec in stream.requests}
        self._pools = {one: _pool(stream, one, self._finished) for one in protocols}
        self._kinds = [(message_of(stream, one), self._pools[one.protocol]) for one in stream.requests]
        self._in_flight: dict[int, Exchange] = {}
        self._rows: list[Row] = []
        self._timeout_ns = round(stream.timeout * NS)
        self._quantum_ns = _QUANTUM_NS if stream.peak / part.of > _QUANTUM_RATE else 0
        self._timer = KernelTimer(self._tick)
        self._cpu_ns = time.process_time_ns()
        self._start = time.monotonic_ns() + LEAD_NS if part.start_ns is None else part.start_ns
        self._epoch = epoch_offset() if part.epoch_ns is None else part.epoch_ns
        self._due = self._next_due()

    @property
    def started_ns(self) -> int:
        """Epoch nanoseconds of offset 0."""
        return self._start + self._epoch

    @property
    def retried(self) -> int:
        """Requests that met a closing connection, or were refused unprocessed, and went out again."""
        return sum(pool.retried for pool in self._pools.values())

    @property
    def cpu_s(self) -> float:
        """CPU seconds of this process since the stream was made."""
        return (time.process_time_ns() - self._cpu_ns) / NS

    @property
    def over(self) -> bool:
        """Whether everything was sent, answered and taken."""
        return self._due == NEVER and not self._in_flight and not self._rows

    def start(self) -> None:
        """Begins to send."""
        self._timer.at(self._due if self._due != NEVER else 0)

    def stop(self) -> None:
        """Sends nothing more; what is due and unsent is counted as dropped."""
        now = time.monotonic_ns()
        while self._due <= now:
            self.dropped += 1
            self._due = self._next_due()
        self._due = NEVER

    def take(self) -> list[Row]:
        """The requests that finished since the last call, after giving up on those past their deadline."""
        self._sweep(time.monotonic_ns() - self._timeout_ns)
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Gives timer and idle connections back."""
        self._timer.close()
        for pool in self._pools.values():
            pool.close()

    def abort(self) -> None:
        """Stops, and ends what is under way as closed by us."""
        self.stop()
        for exchange in list(self._in_flight.values()):
            _give_up(exchange, Failure.CLOSED)

    def _times(self, stream: Stream) -> Iterator[int]:
        return schedule(stream)

    def _next_due(self) -> int:
        offset = next(self._schedule, None)
        return NEVER if offset is None else self._start + offset

    def _tick(self) -> None:
        now = time.monotonic_ns()
        left = _BURST
        while self._due <= now and left:
            self._send(self._due, now)
            self._due = self._next_due()
            left -= 1
            now = time.monotonic_ns()
        if self._due != NEVER:
            self._timer.at(max(self._due, now + self._quantum_ns) if left else now)

    def _send(self, intended: int, now: int) -> None:
        seq = self._seq
        self._seq = seq + self._step
        if len(self._in_flight) >= MAX_IN_FLIGHT or now - intended > MAX_LAG_NS:
            self.dropped += 1
            return
        spec = next(self._picks)
        message, pool = self._kinds[spec]
        exchange = message.exchange(seq, spec, intended, now)
        self._in_flight[seq] = exchange
        try:
            pool.send(exchange)
        except ShortOfSocketsError:
            del self._in_flight[seq]
            self.dropped += 1
        else:
            self.sends.add(now + self._epoch)

    def _finished(self, exchange: Exchange, status: int, size: int, failure: str) -> None:
        del self._in_flight[exchange.seq]
        epoch = self._epoch
        self._rows.append(
            (
                exchange.seq,
                exchange.spec,
                exchange.intended + epoch,
                exchange.sent + epoch,
                time.monotonic_ns() + epoch,
                status,
                size,
                exchange.grpc_status,
                failure,
            )
        )

    def _sweep(self, sent_before: int) -> None:
        expired = [one for one in self._in_flight.values() if one.sent <= sent_before]
        for exchange in expired:
            _give_up(exchange, Failure.TIMEOUT)


def _give_up(exchange: Exchange, failure: str) -> None:
    # One may have ended with another that shared its connection.
    if exchange.connection is not None:
        exchange.connection.give_up(exchange, failure)
