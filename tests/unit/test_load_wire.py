"""Frames between main and the generator, and the answers of an HTTP/1.1 connection."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from chaosmesh.load import Record, RequestSpec, Stream, Tls, wire
from chaosmesh.load.answer import Answer, BadAnswerError

STREAM = Stream(
    9,
    "users",
    "http://127.0.0.1:1",
    "front",
    (RequestSpec("POST", "/é", (("a", "b"),), b"\x00\xff", 2.0), RequestSpec(path="/a.B/C", protocol="grpc")),
    5,
    "poisson",
    3,
    tls=Tls("front", "/ca.pem", "/own.pem", "/own.key"),
)


def test_a_stream_survives_the_way() -> None:
    frame = wire.control({"stream": wire.stream_to_json(STREAM)})
    ((kind, payload),) = wire.Frames().feed(frame)
    assert kind is wire.Kind.CONTROL
    assert wire.stream_from_json(wire.read_control(payload)["stream"]) == STREAM
    plain = replace(STREAM, tls=None)
    assert wire.stream_from_json(wire.stream_to_json(plain)) == plain


def test_records_survive_the_way_in_any_pieces() -> None:
    at = 10**18
    rows: list[wire.Row] = [
        (seq, 1, at + seq, at + 5, at + 9, 503, 7, wire.NO_GRPC, wire.Failure.NONE) for seq in range(5)
    ]
    rows.append((5, 1, 1, 2, 3, 200, 0, 14, wire.Failure.NONE))
    rows.append((6, 1, 1, 2, 3, 0, 0, wire.NO_GRPC, "tls: CERTIFICATE_VERIFY_FAILED (é)"))
    rows.append((2**48 - 1, 0, 1, 2, 3, 0, 0, wire.NO_GRPC, wire.Failure.RESET))
    sent = [(1_800_000_000, 4), (1_800_000_001, 3)]
    data = wire.records(4, rows, sent) + wire.control({"is": "done"})
    frames = wire.Frames()
    got = [frame for at in range(0, len(data), 3) for frame in frames.feed(data[at : at + 3])]
    assert [kind for kind, _ in got] == [wire.Kind.RECORDS, wire.Kind.CONTROL]
    stream, records, told = wire.read_records(got[0][1])
    assert (stream, told) == (4, sent)
    assert records[2] == Record(2, 1, 10**18 + 2, 10**18 + 5, 10**18 + 9, 503, 7)
    assert records[5] == Record(5, 1, 1, 2, 3, 200, 0, "", 14)
    assert records[6].error == "tls: CERTIFICATE_VERIFY_FAILED (é)"
    assert records[-1] == Record(2**48 - 1, 0, 1, 2, 3, 0, 0, "connection reset")


def test_sends_travel_without_any_record() -> None:
    ((kind, payload),) = wire.Frames().feed(wire.records(4, [], [(7, 50)]))
    assert kind is wire.Kind.RECORDS
    assert wire.read_records(payload) == (4, [], [(7, 50)])


def feed(data: bytes, *, head: bool = False, piece: int = 1) -> Answer:
    answer = Answer()
    answer.expect(head=head)
    for at in range(0, len(data), piece):
        answer.feed(memoryview(data[at : at + piece]))
    return answer


@pytest.mark.parametrize("piece", [1, 7, 1_000])
@pytest.mark.parametrize(
    ("data", "head", "status", "size", "complete", "keep"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", False, 200, 5, True, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, 204, 0, True, True),
        (b"HTTP/1.1 503 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", False, 503, 0, True, False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", False, 200, 1, True, False),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            False,
            200,
            5,
            True,
            True,
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 x\r\ncontent-length: 1\r\n\r\nx",
            False,
            201,
            1,
            True,
            True,
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", True, 200, 0, True, True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", False, 200, 3, False, False),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", False, 200, 5, False, False),
    ],
)
def test_answers_end_where_their_framing_says(
    data: bytes, head: bool, status: int, size: int, complete: bool, keep: bool, piece: int
) -> None:
    answer = feed(data, head=head, piece=piece)
    assert (answer.status, answer.size, answer.complete, answer.keep) == (status, size, complete, keep)


@pytest.mark.parametrize("piece", [1, 7, 1_000])
def test_only_an_answer_without_a_length_ends_with_its_connection(piece: int) -> None:
    assert feed(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nhello", piece=piece).ends_with_connection()
    assert not feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", piece=piece).ends_with_connection()
    assert not feed(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", piece=piece
    ).ends_with_connection()
    assert not feed(b"HTTP/1.1 200 OK\r\nx: y\r\n", piece=piece).ends_with_connection()


def test_a_connection_reads_one_answer_after_another() -> None:
    answer = feed(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", head=True)
    answer.expect(head=False)
    answer.feed(memoryview(b"HTTP/1.1 404 x\r\ncontent-length: 2\r\n\r\nno"))
    assert (answer.status, answer.size, answer.complete, answer.keep) == (404, 2, True, True)


def test_what_is_no_http_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswerError):
        feed(b"SSH-2.0-OpenSSH_9.6\r\n")


def test_main_never_imports_locust_or_gevent() -> None:
    code = (
        "import sys, chaosmesh.load as load; [getattr(load, name) for name in load.__all__]; "
        "sys.exit(any(name in sys.modules for name in ('locust', 'gevent')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
