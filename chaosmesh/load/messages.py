"""What a kind of request looks like on its connection; all but the number is made once."""

from __future__ import annotations

from typing import Protocol

from hpack import NeverIndexedHeaderTuple

from chaosmesh.load import grpc
from chaosmesh.load.exchange import Exchange, Field
from chaosmesh.load.plan import RequestSpec, Stream, request_id

_WITH_LENGTH = ("POST", "PUT", "PATCH")


class Message(Protocol):
    """Makes the exchanges of one kind of request."""

    def exchange(self, seq: int, spec: int, intended: int, sent: int) -> Exchange:
        """One request: its number, its kind, and the two times (monotonic ns)."""


def message_of(stream: Stream, spec: RequestSpec) -> Message:
    """What a stream's request looks like."""
    if spec.protocol == "http":
        return _Http1(stream, spec)
    return _Tcp(spec) if spec.protocol == "tcp" else _Http2(stream, spec)


def _prefix(stream: Stream) -> str:
    return request_id(stream.id, 0)[:-12]


class _Http1:
    def __init__(self, stream: Stream, spec: RequestSpec) -> None:
        lines = [f"{spec.method} {spec.path} HTTP/1.1", f"host: {stream.host}"]
        lines += [f"{name}: {value}" for name, value in spec.headers]
        if spec.body or spec.method in _WITH_LENGTH:
            lines.append(f"content-length: {len(spec.body)}")
        lines.append(f"x-request-id: {_prefix(stream)}")
        self._before = "\r\n".join(lines).encode("latin-1")
        self._after = b"\r\n\r\n" + spec.body
        self._head = spec.method == "HEAD"

    def exchange(self, seq: int, spec: int, intended: int, sent: int) -> Exchange:
        data = b"%b%012x%b" % (self._before, seq, self._after)
        return Exchange(seq, spec, intended, sent, data, self._head)


class _Http2:
    def __init__(self, stream: Stream, spec: RequestSpec) -> None:
        self._grpc = spec.protocol == "grpc"
        self._body = grpc.frame(spec.body) if self._grpc else spec.body
        fields = [
            (":method", "POST" if self._grpc else spec.method),
            (":scheme", "https" if stream.tls else "http"),
            (":path", spec.path),
            (":authority", stream.host),
            *((name.lower(), value) for name, value in spec.headers),
        ]
        if self._grpc:
            fields += [("te", "trailers"), ("content-type", "application/grpc")]
        elif spec.body or spec.method in _WITH_LENGTH:
            fields.append(("content-length", str(len(spec.body))))
        self._fields: tuple[Field, ...] = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in fields)
        self._prefix = _prefix(stream).encode()

    def exchange(self, seq: int, spec: int, intended: int, sent: int) -> Exchange:
        # Never the same twice: it would only push the others out of the compression's table.
        number = NeverIndexedHeaderTuple(b"x-request-id", b"%b%012x" % (self._prefix, seq))
        return Exchange(
            seq, spec, intended, sent, self._body, fields=(*self._fields, number), grpc=self._grpc
        )


class _Tcp:
    def __init__(self, spec: RequestSpec) -> None:
        self._line = spec.body + b"\n"

    def exchange(self, seq: int, spec: int, intended: int, sent: int) -> Exchange:
        return Exchange(seq, spec, intended, sent, self._line)
