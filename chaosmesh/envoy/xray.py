"""X-Ray's daemon as far as a sidecar can see it: a UDP socket that takes segments, one in each datagram.

A datagram is a line of JSON that says how to read the rest, and the segment's document. What a sidecar asks for is a
subsegment. UDP loses what nobody takes in time: the kernel counts it, and so do we.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from chaosmesh.envoy import tracing
from chaosmesh.envoy.spans import STATUS, Span, span_of

HEADER: Final = {"format": "json", "version": 1}
BUFFER: Final = 8 << 20
"""Bytes that the kernel shall hold for us; it gives what it allows."""
_TRACE: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_ID: Final = re.compile(r"[0-9a-f]{16}")


class Daemon(asyncio.DatagramProtocol):
    """Takes segments; `refused` counts datagrams that do not begin as X-Ray's do. Use `Daemon.start`."""

    def __init__(self, on_segment: Callable[[bytes], None]) -> None:
        self._on_segment = on_segment
        self._transport: Any = None
        self._lost = 0
        self.refused = 0

    @classmethod
    async def start(
        cls, host: str, on_segment: Callable[[bytes], None], port: int = tracing.DAEMON_PORT
    ) -> Daemon:
        """Listens there; OSError where somebody else does."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            own.setblocking(False)
            own.bind((host, port))
            loop = asyncio.get_running_loop()
            transport, daemon = await loop.create_datagram_endpoint(lambda: cls(on_segment), sock=own)
        except BaseException:
            own.close()
            raise
        daemon._transport = transport
        return daemon

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002 - asyncio's signature
        """One segment came in."""
        if _headed(data):
            self._on_segment(data)
        else:
            self.refused += 1

    @property
    def lost(self) -> int:
        """Datagrams that the kernel threw away because nobody took them in time."""
        if self._transport is not None:
            self._lost = _drops(self._transport.get_extra_info("socket"))
        return self._lost

    def close(self) -> None:
        """Stops listening."""
        _ = self.lost
        if self._transport is not None:
            self._transport.close()
            self._transport = None


def segment(datagram: bytes) -> Span | None:
    """The span in a datagram; None where it is not of a request. ValueError says what is wrong with it."""
    if not _headed(datagram):
        raise ValueError("the datagram does not begin with X-Ray's header")
    body = json.loads(datagram.partition(b"\n")[2])
    if not isinstance(body, dict):
        raise ValueError("a segment is an object")  # noqa: TRY004 - every wrong form is one kind of error here
    trace_id, span_id, parent_id = (str(body.get(name, "")) for name in ("trace_id", "id", "parent_id"))
    if not _TRACE.fullmatch(trace_id) or not _ID.fullmatch(span_id):
        raise ValueError(f"no ids of X-Ray: trace {trace_id!r}, segment {span_id!r}")
    times = [body.get(name) for name in ("start_time", "end_time")]
    if not all(isinstance(one, int | float) for one in times):
        raise ValueError(f"segment {span_id} has no times")
    begin, end = (round(float(one or 0) * 1e6) * 1000 for one in times)
    http = body.get("http", {})
    about = {name: str(value) for name, value in http.get("request", {}).items()}
    tags = {f"http.{name}": value for name, value in about.items() if name in ("method", "url")}
    tags |= {name: str(value) for name, value in body.get("annotations", {}).items()}
    tags[STATUS] = str(int(http.get("response", {}).get("status", 0)))
    return span_of(
        (trace_id, span_id, parent_id),
        str(body.get("name", "")),
        (begin, end),
        tags,
        upstream=body.get("type") == "subsegment",
        error=bool(body.get("fault")),
    )


def _headed(datagram: bytes) -> bool:
    line, newline, _ = datagram.partition(b"\n")
    return bool(newline) and _is_header(line)


@lru_cache(maxsize=16)
def _is_header(line: bytes) -> bool:
    try:
        return bool(json.loads(line) == HEADER)
    except ValueError:
        return False


def _drops(own: Any) -> int:
    """What Linux says of a UDP socket: the last column of its line in /proc/net/udp."""
    try:
        inode = str(os.fstat(own.fileno()).st_ino)
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    except (OSError, ValueError):
        return 0
    return next((int(one.split()[-1]) for one in lines if one.split()[9] == inode), 0)
