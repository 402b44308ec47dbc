"""GOAWAY frames, gRPC's framing, answers of HTTP/2 streams, and what requests look like."""

from __future__ import annotations

import struct

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event
from h2.settings import SettingCodes

from chaosmesh.load import RequestSpec, Stream, Tls, grpc, request_id
from chaosmesh.load.exchange import Exchange
from chaosmesh.load.goaway import BadFrameError, GoAway, GoAways
from chaosmesh.load.http2_answer import Http2Answer
from chaosmesh.load.http2_session import (
    Ended,
    Happening,
    MisunderstoodError,
    Reset,
    Session,
    Takes,
    error_name,
)
from chaosmesh.load.messages import message_of


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
    made = message_of(stream(spec, Tls()), spec).exchange(9, 0, 1, 2)
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
    made = message_of(stream(spec), spec).exchange(9, 0, 1, 2)
    assert made.data == b"hello"
    assert dict(made.fields)[b"content-length"] == b"5"
    assert dict(made.fields)[b":scheme"] == b"http"


def test_a_line_is_a_line() -> None:
    spec = RequestSpec(body=b"status:503", protocol="tcp")
    assert message_of(stream(spec), spec).exchange(9, 0, 1, 2).data == b"status:503\n"


class Server:
    """The other side of a session, in memory."""

    def __init__(self) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False))
        self.h2.initiate_connection()
        self.session = Session()

    def hears(self) -> list[Event]:
        return self.h2.receive_data(self.session.outgoing())

    def says(self, more: bytes = b"") -> list[Happening]:
        return list(self.session.feed(self.h2.data_to_send() + more))

    def asked(self, body: bytes = b"", *, is_grpc: bool = False) -> Exchange:
        fields = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"a"))
        exchange = Exchange(0, 0, 0, 0, body, fields=fields, grpc=is_grpc)
        self.session.begin(exchange)
        self.hears()
        return exchange


BIG = bytes(200_000)  # more than the first window


def test_the_settings_say_how_many_exchanges_a_server_takes_and_push_is_off() -> None:
    server = Server()
    server.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 7})
    assert [one.limit for one in server.says() if isinstance(one, Takes)][-1] == 7
    server.hears()
    assert server.h2.remote_settings.enable_push == 0


def test_a_body_goes_out_as_its_windows_open() -> None:
    server = Server()
    server.says()
    exchange = server.asked(BIG)
    assert server.session.answers[exchange.number].rest
    came = 65_535
    while server.session.answers[exchange.number].rest:
        server.h2.acknowledge_received_data(came, exchange.number)
        server.says()
        came = sum(one.flow_controlled_length for one in server.hears() if isinstance(one, DataReceived))
        assert came


def test_a_window_that_opens_for_a_stream_that_is_reset_opens_nothing() -> None:
    server = Server()
    server.says()
    exchange = server.asked(BIG)
    server.h2.increment_flow_control_window(100_000, exchange.number)
    server.h2.increment_flow_control_window(100_000)
    server.h2.reset_stream(exchange.number, ErrorCodes.ENHANCE_YOUR_CALM)
    assert server.says() == [Reset(exchange, 11)]
    assert error_name(11) == "ENHANCE_YOUR_CALM"
    assert error_name(99) == "99"


@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_may_end_before_its_request(reset: bool) -> None:
    server = Server()
    server.says()
    exchange = server.asked(BIG)
    server.h2.send_headers(exchange.number, [(":status", "413")], end_stream=True)
    if reset:
        server.h2.reset_stream(exchange.number, ErrorCodes.NO_ERROR)
    (ended,) = server.says()
    assert isinstance(ended, Ended)
    assert (ended.answer.exchange, ended.answer.status) == (exchange, 413)
    assert not server.session.answers
    server.hears()
    again = server.asked()
    server.h2.send_headers(again.number, [(":status", "204")], end_stream=True)
    assert len(server.says()) == 1


def test_after_a_goaway_what_is_under_way_still_ends() -> None:
    server = Server()
    server.says()
    one, other = server.asked(), server.asked()
    goodbye = frame(7, struct.pack(">II", one.number, 0))
    assert server.says(goodbye) == [GoAway(one.number, 0)]
    server.h2.send_headers(one.number, [(":status", "200")], end_stream=True)
    (ended,) = server.says()
    assert isinstance(ended, Ended)
    assert ended.answer.exchange is one
    assert list(server.session.answers) == [other.number]


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n\r\n", frame(0, b"x"), frame(3, b"odd")])
def test_what_is_no_http2_ends_the_session(data: bytes) -> None:
    with pytest.raises(MisunderstoodError):
        list(Server().session.feed(data))
