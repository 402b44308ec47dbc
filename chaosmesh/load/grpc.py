"""gRPC over HTTP/2 as a client frames and reads it (grpc.io: PROTOCOL-HTTP2, http-grpc-status-mapping)."""

from __future__ import annotations

import re
import struct

_PREFIX = struct.Struct(">BI")
PATH = re.compile(r"/[^/\s]+/[^/\s]+")
"""`/package.Service/Method`."""

UNKNOWN = 2
_UNAVAILABLE = 14
_OF_HTTP = {400: 13, 401: 16, 403: 7, 404: 12} | dict.fromkeys((429, 502, 503, 504), _UNAVAILABLE)
_HIGHEST = 16


def frame(message: bytes) -> bytes:
    """An uncompressed message as it travels."""
    return _PREFIX.pack(0, len(message)) + message


def status_of(text: bytes) -> int:
    """The number of a grpc-status field; what is no status of gRPC is UNKNOWN."""
    return int(text) if text.isdigit() and int(text) <= _HIGHEST else UNKNOWN


def status_of_http(status: int) -> int:
    """The grpc-status that clients give an answer that carries none, such as a proxy's own."""
    return _OF_HTTP.get(status, UNKNOWN)


class Messages:
    """Counts the bytes of messages in a body that comes in pieces."""

    __slots__ = ("_left", "_prefix", "size")

    def __init__(self) -> None:
        self._prefix = b""
        self._left = 0
        self.size = 0

    @property
    def whole(self) -> bool:
        """Whether the body may end here."""
        return not self._left and not self._prefix

    def feed(self, data: bytes) -> None:
        """Takes a piece of the body."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
            else:
                step = min(_PREFIX.size - len(self._prefix), len(data) - at)
                self._prefix += data[at : at + step]
                if len(self._prefix) == _PREFIX.size:
                    self._left = _PREFIX.unpack(self._prefix)[1]
                    self.size += self._left
                    self._prefix = b""
            at += step
