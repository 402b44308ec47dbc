"""An edge in a test's hands: the calls of one or more client nodes to a service, and the faults on them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaosmesh.engine.experiment.contexts import FaultContext
from chaosmesh.engine.experiment.fits import needs_connections, needs_replica, needs_requests
from chaosmesh.engine.experiment.holding import Hand
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.errors import UsageError
from chaosmesh.faults import (
    Bandwidth,
    Delay,
    Down,
    Errors,
    Fault,
    Latency,
    LimitData,
    Reset,
    Slicer,
    SlowClose,
    Stream,
    Timeout,
)
from chaosmesh.faults.connections import OnConnections
from chaosmesh.faults.units import GRPC, grpc_code, rate
from chaosmesh.faults.units import share as checked_share
from chaosmesh.faults.units import size as bytes_of
from chaosmesh.judge.durations import duration as seconds
from chaosmesh.load.mix import are_texts
from chaosmesh.mesh import Mesh

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Requests:
    """Which requests a fault means, in a user's words."""

    path: str
    prefix: str
    headers: Mapping[str, str] | None
    replica: int | None

    def __post_init__(self) -> None:
        for word, value in (("path", self.path), ("prefix", self.prefix)):
            if not isinstance(value, str):
                raise UsageError(f"{word}={value!r} is no text", hint=f'{word}="/x"')
        if self.headers is not None and not are_texts(self.headers):
            raise UsageError(f"headers={self.headers!r}: names with texts", hint='headers={"x-user": "beta"}')

    @property
    def said(self) -> str:
        """For labels: what is more than nothing."""
        told = [self.path, f"{self.prefix}*" if self.prefix else ""]
        told += [f"{name}: {value}" for name, value in (self.headers or {}).items()]
        told += [_replica(self.replica)]
        return "".join(f", {one}" for one in told if one)

    @property
    def fields(self) -> dict[str, Any]:
        """As the faults take them."""
        headers = tuple((name.lower(), value) for name, value in (self.headers or {}).items())
        return {"path": self.path, "prefix": self.prefix, "headers": headers, "replica": self.replica}


@dataclass(frozen=True, slots=True)
class _Connections:
    """Which connections a fault means, in a user's words."""

    share: float
    replica: int | None
    stream: Stream = "downstream"

    @property
    def said(self) -> str:
        """For labels: what is less than the whole edge."""
        told = ["upstream" if self.stream == "upstream" else "", _replica(self.replica)]
        return "".join(f", {one}" for one in told if one)


class Edge:
    """Calls of one or more client nodes to a service. Faults on it are context managers; several nest.

    Everywhere: `replica` narrows a fault to one copy of the server. Durations are written "300ms" or "2s".
    """

    def __init__(self, session: Hand, named: Named) -> None:
        self._session = session
        self.named = named

    def __repr__(self) -> str:
        return f"<edge {self.named}: {', '.join(map(str, self.named.paths))}>"

    # -- requests: drawn per attempt by the callee's sidecar ---------------------------------------------------

    def errors(
        self,
        status: int | None = None,
        *,
        grpc: str | int | None = None,
        share: float = 1.0,
        path: str = "",
        prefix: str = "",
        headers: Mapping[str, str] | None = None,
        replica: int | None = None,
        seed: int | None = None,
    ) -> FaultContext:
        """A share of the attempts is answered with `status`, or with the gRPC code `grpc` ("UNAVAILABLE", 14), by the
        callee's sidecar. A gRPC client gets the code that stands for a status. Same seed, same victims."""
        code = None if grpc is None else grpc_code(grpc, "errors")
        meant = needs_requests(self._mesh, self.named, status, code)
        which = _Requests(path, prefix, headers, replica)
        word = GRPC[meant.grpc] if meant.grpc else str(meant.status)
        drawn = self._seed(seed, f"errors {word}{which.said}")
        return self._fault(
            f"{word} {checked_share(share, 'errors') * 100:.4g} %{which.said}",
            "errors",
            lambda name, one: Errors(
                name, one.pair, meant.status, share, drawn, one.workload, meant.grpc, **which.fields
            ),
            replica,
        )

    def delay(
        self,
        delay: str,
        *,
        share: float = 1.0,
        path: str = "",
        prefix: str = "",
        headers: Mapping[str, str] | None = None,
        replica: int | None = None,
        seed: int | None = None,
    ) -> FaultContext:
        """A share of the attempts is held back by the callee's sidecar. Same seed, same victims."""
        needs_requests(self._mesh, self.named)
        which = _Requests(path, prefix, headers, replica)
        ms, drawn = _ms(delay, "delay"), self._seed(seed, f"delay{which.said}")
        return self._fault(
            f"+{delay} {checked_share(share, 'delay') * 100:.4g} %{which.said}",
            "delay",
            lambda name, one: Delay(name, one.pair, ms, share, drawn, one.workload, **which.fields),
            replica,
        )

    # -- connections: every one of them, by Toxiproxy ------------------------------------------------------------

    def latency(
        self,
        delay: str,
        *,
        jitter: str = "0ms",
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """Everything that comes over the edge's connections is held back: "300ms", ± jitter."""
        ms, plus = _ms(delay, "latency"), _ms(jitter, "jitter")
        label = f"+{delay}" + (f" ± {jitter}" if plus else "")
        return self._connections(label, Latency, _Connections(share, replica, stream), ms=ms, jitter_ms=plus)

    def reset(self, *, every: str = "1s", replica: int | None = None, share: float = 1.0) -> FaultContext:
        """Every open connection of the edge is cut at once, and again once a period; new ones work."""
        ms = _ms(every, "every")
        return self._connections(f"reset every {every}", Reset, _Connections(share, replica), every_ms=ms)

    def down(self, *, replica: int | None = None, share: float = 1.0) -> FaultContext:
        """The edge is down: open connections end, new ones are refused."""
        return self._connections("down", Down, _Connections(share, replica))

    def bandwidth(
        self,
        limit: str,
        *,
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """Each connection carries at most "64KB/s"."""
        kb = rate(limit, "bandwidth")
        return self._connections(limit, Bandwidth, _Connections(share, replica, stream), kb=kb)

    def slow_close(
        self,
        delay: str,
        *,
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """Connections end so much later than they were closed."""
        ms = _ms(delay, "slow_close")
        return self._connections(
            f"slow close {delay}", SlowClose, _Connections(share, replica, stream), ms=ms
        )

    def timeout(
        self,
        after: str = "0ms",
        *,
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """Nothing comes through any more; connections end `after` that time, with "0ms" only when it is healed."""
        ms = _ms(after, "timeout")
        return self._connections(f"timeout {after}", Timeout, _Connections(share, replica, stream), ms=ms)

    def slicer(
        self,
        *,
        size: int | str,
        variation: int | str = 0,
        delay: str = "0ms",
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """What comes over the edge arrives in pieces of `size` bytes (64, "1KB") ± `variation`, `delay` apart."""
        values = {
            "bytes": bytes_of(size, "slicer"),
            "variation": bytes_of(variation, "slicer: variation"),
            "delay_us": round(seconds(delay, "slicer: delay") * 1e6),
        }
        which = _Connections(share, replica, stream)
        return self._connections(f"slices of {size}", Slicer, which, **values)

    def limit_data(
        self,
        limit: int | str,
        *,
        stream: Stream = "downstream",
        replica: int | None = None,
        share: float = 1.0,
    ) -> FaultContext:
        """Each connection ends once so many bytes ("1KB") went through it."""
        which = _Connections(share, replica, stream)
        return self._connections(f"limit {limit}", LimitData, which, bytes=bytes_of(limit, "limit_data"))

    # -- making them -----------------------------------------------------------------------------------------------

    def _connections(
        self, label: str, make: type[OnConnections], which: _Connections, **values: int
    ) -> FaultContext:
        needs_connections(make.kind, which.share)
        fields: dict[str, Any] = {"replica": which.replica, "stream": which.stream, **values}
        return self._fault(
            label + which.said,
            make.kind,
            lambda name, one: make(name, one.pair, workload=one.workload, **fields),
            which.replica,
        )

    def _fault(
        self, label: str, kind: str, make: Callable[[str, Path], Fault], replica: int | None
    ) -> FaultContext:
        stack, number = self._session.live.stack, next(_numbers)
        needs_replica(self._mesh, stack.topology, self.named, kind, replica)
        made = tuple(
            make(f"{kind}-{one.client}-{one.service}-{number}.{index}", one)
            for index, one in enumerate(self.named.paths)
        )
        return FaultContext(self._session.live, InForce(label, self.named, made))

    def _seed(self, given: int | None, what: str) -> int:
        """Faults of different kinds draw apart from each other; the same fault draws the same in every run."""
        if given is not None:
            if isinstance(given, bool) or not isinstance(given, int):
                raise UsageError(f"seed={given!r} is no whole number", hint="seed=7")
            return given
        return zlib.crc32(f"{self._session.seed} {what}".encode())

    @property
    def _mesh(self) -> Mesh:
        return self._session.live.stack.mesh


def _ms(text: str, what: str) -> int:
    """Whole milliseconds."""
    value = seconds(text, what) * 1000
    if value != round(value):
        raise UsageError(f"{what}: {text!r} is no whole number of milliseconds", hint='"1ms" is the smallest')
    return round(value)


def _replica(index: int | None) -> str:
    return "" if index is None else f"replica {index}"
