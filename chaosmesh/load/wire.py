"""The words between main and the generator: length-prefixed frames, control as JSON, records and sends as packed binary."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from enum import IntEnum, StrEnum
from typing import Any

from chaosmesh.load.plan import Closed, Record, RequestSpec, Stream, Tls
from chaosmesh.load.sends import Sent
from chaosmesh.load.shapes import Piece, Shape

HEADER = struct.Struct("<IB")
"""Length of the payload, kind of the frame."""

_STREAM = struct.Struct("<IH")  # its number, and how many seconds of sends follow
_SENT = struct.Struct("<qI")
_RECORD = struct.Struct("<QHqqqHQhH")
_LENGTH = struct.Struct("<I")

NO_GRPC = -1
"""The grpc-status of what is not gRPC."""


class Kind(IntEnum):
    """What a frame carries."""

    CONTROL = 0
    RECORDS = 1


class Failure(StrEnum):
    """Why a request has no answer, in the words of `Record.error`; TLS and HTTP/2 name their own reasons."""

    NONE = ""
    TIMEOUT = "timeout"
    REFUSED = "connection refused"
    RESET = "connection reset"
    CLOSED = "connection closed"
    BAD_ANSWER = "bad answer"
    UNREACHABLE = "unreachable"
    BROKEN = "connection failed"


Row = tuple[int, int, int, int, int, int, int, int, str]
"""seq, spec, intended, sent and done (epoch ns), status, size, grpc-status (NO_GRPC for none), failure."""


def control(message: Mapping[str, Any]) -> bytes:
    """One control frame."""
    payload = json.dumps(message).encode()
    return HEADER.pack(len(payload), Kind.CONTROL) + payload


def read_control(payload: bytes) -> dict[str, Any]:
    """The message of one control frame."""
    message: dict[str, Any] = json.loads(payload)
    return message


def records(stream_id: int, rows: Iterable[Row], sent: Sent = ()) -> bytes:
    """One frame of finished requests, and of what was sent; each failure's text stands in it once."""
    pack = _RECORD.pack
    texts: dict[str, int] = {"": 0}
    packed = b"".join([pack(*row[:8], texts.setdefault(row[8], len(texts))) for row in rows])
    words = json.dumps(list(texts)).encode()
    seconds = b"".join([_SENT.pack(*one) for one in sent])
    payload = b"".join((_STREAM.pack(stream_id, len(sent)), seconds, _LENGTH.pack(len(words)), words, packed))
    return HEADER.pack(len(payload), Kind.RECORDS) + payload


def read_records(payload: bytes) -> tuple[int, list[Record], Sent]:
    """The stream, the finished requests and the sends of one frame."""
    stream, seconds = _STREAM.unpack_from(payload)
    begin = _STREAM.size + seconds * _SENT.size
    sent = list(_SENT.iter_unpack(memoryview(payload)[_STREAM.size : begin]))
    start = begin + _LENGTH.size
    end = start + _LENGTH.unpack_from(payload, begin)[0]
    texts = json.loads(payload[start:end])
    finished = [
        Record(seq, spec, intended, sent, done, status, size, texts[text], None if grpc == NO_GRPC else grpc)
        for seq, spec, intended, sent, done, status, size, grpc, text in _RECORD.iter_unpack(
            memoryview(payload)[end:]
        )
    ]
    return stream, finished, sent


def stream_to_json(stream: Stream) -> dict[str, Any]:
    """A stream as it travels in a control frame."""
    tree = asdict(stream)
    for spec in tree["requests"]:
        spec["body"] = base64.b64encode(spec["body"]).decode()
    return tree


def stream_from_json(tree: Mapping[str, Any]) -> Stream:
    """The stream that a control frame carries."""
    return Stream(
        **{
            **tree,
            "requests": tuple(map(_spec_from_json, tree["requests"])),
            "tls": tree["tls"] and Tls(**tree["tls"]),
            "closed": tree["closed"] and Closed(**tree["closed"]),
            "shape": tree["shape"] and _shape_from_json(tree["shape"]),
        }
    )


def _shape_from_json(tree: Mapping[str, Any]) -> Shape:
    return Shape(tree["name"], tuple(Piece(**one) for one in tree["pieces"]))


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
