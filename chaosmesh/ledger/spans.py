"""The spans of a run, as the sidecars' tracers sent them, kept unread while it goes on.

Messages go to a temporary file (the first megabytes of it in memory) and are read by whoever asks; the ids of requests
stand in them as plain text, so that those of one request are found without reading all.
"""

from __future__ import annotations

import struct
import tempfile
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from chaosmesh.envoy import otlp, xray
from chaosmesh.envoy.spans import Span
from chaosmesh.envoy.tracing import Provider

IN_MEMORY: Final = 16 << 20
"""Bytes of messages before they go to disk."""
RECENT: Final = 512
"""Messages that are remembered for `Spans.came`."""
_HEAD: Final = struct.Struct(">?HI")


class SpanSource(ABC):
    """Where spans are; false where no tracer sent any."""

    @abstractmethod
    def __iter__(self) -> Iterator[Span]:
        """All of them, in no order."""

    @abstractmethod
    def __bool__(self) -> bool:
        """Whether a tracer ran."""

    @abstractmethod
    def of(self, request_id: str) -> list[Span]:
        """Those of one request, by start."""


class Spans(SpanSource):
    """Spans as they come in; may be asked from another thread than the one that adds. `malformed` counts messages that
    could not be read, when they have been."""

    def __init__(self) -> None:
        self.malformed = 0
        self._moved = threading.Condition(threading.RLock())
        self._file: Any = None
        self._end = 0
        self._recent: deque[tuple[str, bytes]] = deque(maxlen=RECENT)

    def add(self, provider: Provider, sidecar: str, message: bytes) -> None:
        """Take in one message of a tracer; `sidecar` "" where only the message tells whose it is."""
        name = sidecar.encode()
        with self._moved:
            if self._file is None:
                self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it stays open
            self._file.seek(self._end)
            self._file.write(_HEAD.pack(provider == "xray", len(name), len(message)) + name + message)
            self._end = self._file.tell()
            self._recent.append((sidecar, message))
            self._moved.notify_all()

    def came(self, sidecar: str, request_id: str) -> bool:
        """Whether a message of that sidecar with that request is among the last ones."""
        wanted, key = request_id.encode(), sidecar.encode()
        with self._moved:
            recent = tuple(self._recent)
        return any(
            wanted in message and (owner == sidecar or (not owner and key in message))
            for owner, message in reversed(recent)
        )

    def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Blocks until it is true, which is looked at whenever spans come in; False when it never was."""
        with self._moved:
            return self._moved.wait_for(true, seconds)

    def __iter__(self) -> Iterator[Span]:
        for provider, message in self._messages():
            yield from self._read(provider, message)

    def __bool__(self) -> bool:
        return self._file is not None

    def of(self, request_id: str) -> list[Span]:
        wanted = request_id.encode()
        found = [
            one
            for provider, message in self._messages()
            if wanted in message
            for one in self._read(provider, message)
            if one.request_id == request_id
        ]
        return sorted(found, key=by_start)

    def close(self) -> None:
        """Give the temporary file back; nothing is there any more."""
        with self._moved:
            if self._file is not None:
                self._file.close()
            self._file, self._end = None, 0

    def __del__(self) -> None:
        self.close()

    def _messages(self) -> Iterator[tuple[Provider, bytes]]:
        at = 0
        while True:
            with self._moved:
                if at >= self._end:
                    return
                self._file.seek(at)
                is_xray, name, size = _HEAD.unpack(self._file.read(_HEAD.size))
                message = self._file.read(name + size)[name:]
            at += _HEAD.size + name + size
            yield "xray" if is_xray else "otel", message

    def _read(self, provider: Provider, message: bytes) -> list[Span]:
        try:
            if provider == "otel":
                return list(otlp.spans(message))
            found = xray.segment(message)
        except (ValueError, TypeError, AttributeError):
            self.malformed += 1
            return []
        return [] if found is None else [found]


def by_start(one: Span) -> tuple[int, int, str]:
    """In the order in which they began; what holds another goes first."""
    return (one.start_ns, -one.end_ns, one.span_id)
