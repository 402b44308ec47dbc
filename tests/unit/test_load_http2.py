"""GOAWAY frames, gRPC's framing, answers of HTTP/2 streams, and what requests look like."""

from __future__ import annotations

import struct

import pytest

from chaosmesh.load import RequestSpec, Stream, Tls, grpc, request_id
from chaosmesh.load.exchange import Exchange
from chaosmesh.load.goaway import BadFrameError, GoAway, GoAways
from chaosmesh.load.http2_answer import Http2Answer
from chaosmesh.load.shapes import shape_of


def frame(kind: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, 0)) + struct.pack(">I", 0) + payload


SETTINGS = frame(4, b"")
DATA = frame(0, b"\x07" * 300)
GOODBYE = frame(7, struct.pack(">II", 7, 11) + b"too calm")


@pytest.mark.parametrize("piece", [1, 2, 9, 10, 17, 100, 10_000])
def test_goaways_are_taken_out_and_everything_else_passes_in_order(piece: int) -> None:
    data = SETTINGS + GOODBYE + DATA + DATA + GOODBYE + SETTINGS
    goaways, passed, found = GoAways(), b"", []
    for at in range(0, len(data), piece):
        through, goodbyes = goaways.feed(memoryview(data)[at : at + piece])
        passed += through
        found += goodbyes
    assert passed == SETTINGS + DATA + DATA + SETTINGS
    assert found == [GoAway(7, 11)] * 2


def test_a_frame_passes_before_it_is_complete() -> None:
    assert GoAways().feed(DATA[:50]) == (DATA[:50], [])


@pytest.mark.parametrize("length", [0, 7, 1 << 20])
def test_a_goaway_of_an_impossible_length_is_no_frame(length: int) -> None:
    with pytest.raises(BadFrameError, match=f"{length} bytes"):
        GoAways().feed(length.to_bytes(3, "big") + b"\x07" + bytes(30))


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n", b"\xff" * 9, DATA + b"SSH-2.0-x"])
def test_a_frame_that_nobody_may_send_is_none(data: bytes) -> None:
    with pytest.raises(BadFrameError):
        GoAways().feed(data)


@pytest.mark.parametrize("piece", [1, 3, 5, 6, 1_000])
def test_messages_are_counted_without_their_prefixes(piece: int) -> None:
    body = grpc.frame(b"") + grpc.frame(b"x" * 10) + grpc.frame(b"") + grpc.frame(b"y" * 3)
    messages = grpc.Messages()
    for at in range(0, len(body), piece):
        messages.feed(body[at : at + piece])
    assert (messages.size, messages.whole) == (13, True)
    messages.feed(b"\0\0")
    assert not messages.whole


def answer(*steps: tuple[str, object], is_grpc: bool = True) -> Http2Answer:
    result = Http2Answer(Exchange(0, 0, 0, 0, b"", grpc=is_grpc))
    for name, value in steps:
        getattr(result, name)(value)
    return result


HEAD = ("head", [(b":status", b"200"), (b"content-type", b"application/grpc")])


@pytest.mark.parametrize(
    ("steps", "status", "grpc_status", "size"),
    [
        ((HEAD, ("body", grpc.frame(b"abc")), ("trailers", [(b"grpc-status", b"0")])), 200, 0, 3),
        ((HEAD, ("trailers", [(b"grpc-status", b"14")])), 200, 14, 0),
        ((("head", [(b":status", b"200"), (b"grpc-status", b"5")]),), 200, 5, 0),
        ((("head", [(b":status", b"503")]), ("body", b"no healthy upstream")), 503, 14, 0),
        ((("head", [(b":status", b"404")]),), 404, 12, 0),
        ((("head", [(b":status", b"500")]),), 500, 2, 0),
        ((HEAD, ("body", grpc.frame(b"abc")[:6]), ("trailers", [(b"grpc-status", b"13")])), 200, 13, 3),
        ((HEAD, ("trailers", [(b"grpc-status", b"what")])), 200, 2, 0),
        ((HEAD, ("trailers", [(b"grpc-status", b"99")])), 200, 2, 0),
    ],
)
def test_a_call_ends_with_its_own_status_or_the_one_of_http(
    steps: tuple[tuple[str, object], ...], status: int, grpc_status: int, size: int
) -> None:
    found = answer(*steps)
    assert found.complete()
    assert (found.status, found.grpc_status, found.size) == (status, grpc_status, size)


@pytest.mark.parametrize(
    "steps",
    [(HEAD,), (HEAD, ("body", grpc.frame(b"abc")[:6]), ("trailers", [(b"grpc-status", b"0")]))],
    ids=["no status", "half a message"],
)
def test_a_success_without_a_status_or_with_half_a_message_is_none(
    steps: tuple[tuple[str, object], ...],
) -> None:
    assert not answer(*steps).complete()


def test_an_answer_that_is_no_call_needs_no_status() -> None:
    found = answer(HEAD, ("body", b"hello"), is_grpc=False)
    assert (found.complete(), found.size, found.grpc_status) == (True, 5, -1)


def stream(spec: RequestSpec, tls: Tls | None = None) -> Stream:
    return Stream(3, "s", "http://127.0.0.1:1", "front", (spec,), 1, tls=tls)


def test_a_call_is_a_post_with_a_framed_message() -> None:
    spec = RequestSpec(path="/a.S/M", headers=(("X-Color", "blue"),), body=b"hello", protocol="grpc")
    made = shape_of(stream(spec, Tls()), spec).exchange(9, 0, 1, 2)
    fields = dict(made.fields)
    assert made.data == b"\0\0\0\0\x05hello"
    assert fields.pop(b"x-request-id").decode() == request_id(3, 9)
    assert fields == {
        b":method": b"POST",
        b":scheme": b"https",
        b":path": b"/a.S/M",
        b":authority": b"front",
        b"x-color": b"blue",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
    }
    assert [name.startswith(b":") for name, _ in made.fields] == [True] * 4 + [False] * 4


def test_http2_says_how_long_its_body_is() -> None:
    spec = RequestSpec("PUT", "/x", body=b"hello", protocol="http2")
    made = shape_of(stream(spec), spec).exchange(9, 0, 1, 2)
    assert made.data == b"hello"
    assert dict(made.fields)[b"content-length"] == b"5"
    assert dict(made.fields)[b":scheme"] == b"http"


def test_a_line_is_a_line() -> None:
    spec = RequestSpec(body=b"status:503", protocol="tcp")
    assert shape_of(stream(spec), spec).exchange(9, 0, 1, 2).data == b"status:503\n"
