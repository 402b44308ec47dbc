"""Takes GOAWAY out of what an HTTP/2 server sends.

The h2 library ends a connection with that frame; servers go on to answer the streams up to the one it names
(RFC 9113, 6.8), and Envoy drains just so.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEAD = 9
_TYPE = 7
_FIXED = struct.Struct(">II")
_LARGEST = 1 << 14  # SETTINGS_MAX_FRAME_SIZE that nobody raised


class BadFrameError(Exception):
    """Raised for a frame larger than a server may send, and for a GOAWAY that is none."""


@dataclass(frozen=True, slots=True)
class GoAway:
    """The server takes no new streams; those above `last` were not processed. `code` 0 means no error."""

    last: int
    code: int


class GoAways:
    """Cuts the bytes of a connection into those for the library and the GOAWAY frames; pieces of any size."""

    __slots__ = ("_left", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0  # of a frame's payload that goes through

    def feed(self, data: memoryview | bytes) -> tuple[bytes, list[GoAway]]:
        """What the library may see of everything so far, and the goodbyes between; raises BadFrameError."""
        data = self._rest + data if self._rest else bytes(data)
        passed: list[bytes] = []
        goodbyes: list[GoAway] = []
        at = start = 0
        end = len(data)
        while True:
            through = min(self._left, end - at)
            at += through
            self._left -= through
            if end - at < _HEAD:
                break
            length = int.from_bytes(data[at : at + 3], "big")
            goodbye = data[at + 3] == _TYPE
            if length > _LARGEST or (goodbye and length < _FIXED.size):
                raise BadFrameError(f"a frame of {length} bytes")
            if not goodbye:
                self._left = _HEAD + length
                continue
            if end - at < _HEAD + length:
                break
            passed.append(data[start:at])
            last, code = _FIXED.unpack_from(data, at + _HEAD)
            goodbyes.append(GoAway(last & 0x7FFFFFFF, code))
            at = start = at + _HEAD + length
        passed.append(data[start:at])
        self._rest = data[at:]
        return b"".join(passed), goodbyes
