"""The words between main and the generator: length-prefixed frames, control as JSON, records as packed binary."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from enum import IntEnum
from typing import Any

from chaosmesh.load.plan import Record, RequestSpec, Stream

HEADER = struct.Struct("<IB")
"""Length of the payload, kind of the frame."""

_STREAM = struct.Struct("<I")
_RECORD = struct.Struct("<QHqqqHQB")


class Kind(IntEnum):
    """What a frame carries."""

    CONTROL = 0
    RECORDS = 1


class Failure(IntEnum):
    """Why a request has no answer; `words` is what `Record.error` says."""

    NONE = 0
    TIMEOUT = 1
    REFUSED = 2
    RESET = 3
    CLOSED = 4
    BAD_ANSWER = 5
    UNREACHABLE = 6
    BROKEN = 7

    @property
    def words(self) -> str:
        """Text for people and records."""
        return _WORDS[self]


_WORDS = (
    "",
    "timeout",
    "connection refused",
    "connection reset",
    "connection closed",
    "bad answer",
    "unreachable",
    "connection failed",
)

Row = tuple[int, int, int, int, int, int, int, int]
"""seq, spec, intended, sent and done (epoch ns), status, size, failure."""


def control(message: Mapping[str, Any]) -> bytes:
    """One control frame."""
    payload = json.dumps(message).encode()
    return HEADER.pack(len(payload), Kind.CONTROL) + payload


def read_control(payload: bytes) -> dict[str, Any]:
    """The message of one control frame."""
    message: dict[str, Any] = json.loads(payload)
    return message


def records(stream_id: int, rows: Iterable[Row]) -> bytes:
    """One frame of finished requests."""
    pack = _RECORD.pack
    payload = _STREAM.pack(stream_id) + b"".join([pack(*row) for row in rows])
    return HEADER.pack(len(payload), Kind.RECORDS) + payload


def read_records(payload: bytes) -> tuple[int, list[Record]]:
    """The stream and the finished requests of one frame."""
    rows = _RECORD.iter_unpack(memoryview(payload)[_STREAM.size :])
    finished = [
        Record(seq, spec, intended, sent, done, status, size, _WORDS[failure])
        for seq, spec, intended, sent, done, status, size, failure in rows
    ]
    return _STREAM.unpack_from(payload)[0], finished


def stream_to_json(stream: Stream) -> dict[str, Any]:
    """A stream as it travels in a control frame."""
    tree = asdict(stream)
    for spec in tree["requests"]:
        spec["body"] = base64.b64encode(spec["body"]).decode()
    return tree


def stream_from_json(tree: Mapping[str, Any]) -> Stream:
    """The stream that a control frame carries."""
    return Stream(**{**tree, "requests": tuple(map(_spec_from_json, tree["requests"]))})


def _spec_from_json(tree: Mapping[str, Any]) -> RequestSpec:
    headers = tuple((name, value) for name, value in tree["headers"])
    return RequestSpec(**{**tree, "headers": headers, "body": base64.b64decode(tree["body"])})


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """The frames that are complete once `data` has come."""
        self._rest += data
        while len(self._rest) >= HEADER.size:
            length, kind = HEADER.unpack_from(self._rest)
            if len(self._rest) < HEADER.size + length:
                return
            payload = bytes(self._rest[HEADER.size : HEADER.size + length])
            del self._rest[: HEADER.size + length]
            yield Kind(kind), payload
