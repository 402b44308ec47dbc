"""Looks at the first bytes of a connection and hands it to the server of the protocol that they belong to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from chaosmesh.services.http2_link import PREFACE

LONGEST_LOOK = 1 << 13  # bytes
REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]\r?\n")

Make = Callable[[], asyncio.Protocol]


class Door(asyncio.Protocol):
    """`otherwise` None: what is not HTTP/2 is HTTP/1.1."""

    def __init__(self, http2: Make, http1: Make, otherwise: Make | None = None) -> None:
        self._http2, self._http1, self._otherwise = http2, http1, otherwise
        self._transport: asyncio.Transport | None = None
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for what comes."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hands over as soon as it is clear to whom."""
        self._seen += data
        if (make := self._choose()) is not None:
            self._hand_over(make)

    def eof_received(self) -> bool:
        """Whoever says nothing is asked no more over TCP; over HTTP it is closed."""
        if self._otherwise is None:
            return False
        return bool(self._hand_over(self._otherwise).eof_received())

    def _choose(self) -> Make | None:
        seen = self._seen
        if PREFACE.startswith(seen[: len(PREFACE)]):
            return self._http2 if len(seen) >= len(PREFACE) else None
        if self._otherwise is None or REQUEST_LINE.match(seen):
            return self._http1
        return self._otherwise if b"\n" in seen or len(seen) > LONGEST_LOOK else None

    def _hand_over(self, make: Make) -> asyncio.Protocol:
        transport, inner = self._transport, make()
        assert transport is not None
        transport.set_protocol(inner)
        inner.connection_made(transport)
        if self._seen:
            inner.data_received(self._seen)
        return inner
