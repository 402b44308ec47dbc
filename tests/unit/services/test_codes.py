"""Codes in HTTP's and gRPC's words, and gRPC's framing."""

from __future__ import annotations

import grpc
import pytest

from chaosmesh.services import codes, framing


def test_every_code_has_a_status() -> None:
    assert {one.value[0] for one in grpc.StatusCode} == set(codes.TO_HTTP)
    assert all((status < 400) == (code == 0) for code, status in codes.TO_HTTP.items())


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "OK"),
        (204, "OK"),
        (400, "INTERNAL"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"),
        (429, "UNAVAILABLE"),
        (500, "UNKNOWN"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "UNAVAILABLE"),
        (418, "UNKNOWN"),
    ],
)
def test_statuses_that_no_grpc_program_made(status: int, name: str) -> None:
    assert codes.to_grpc(status) == grpc.StatusCode[name].value[0]


@pytest.mark.parametrize(
    ("name", "status"),
    [("UNAVAILABLE", 503), ("DEADLINE_EXCEEDED", 504), ("NOT_FOUND", 404), ("RESOURCE_EXHAUSTED", 429)],
)
def test_codes_over_http(name: str, status: int) -> None:
    assert codes.to_http(grpc.StatusCode[name].value[0]) == status
    assert codes.to_http(99) == 500


def test_messages_in_bodies() -> None:
    assert framing.message_in(framing.framed(b"abc") + framing.framed(b"d")) == b"abc"
    assert framing.message_in(framing.framed(b"")) == b""
    assert framing.message_in(b"\1\0\0\0\1a") is None
    assert (
        framing.message_in(b"\0\0\0\0\2a") is framing.message_in(b"\0\0") is framing.message_in(b"") is None
    )


def test_texts_in_trailers_are_ascii() -> None:
    assert framing.trailers(0) == [("grpc-status", "0")]
    assert framing.trailers(14, "é 1%\n a/b") == [
        ("grpc-status", "14"),
        ("grpc-message", "%C3%A9 1%25%0A a/b"),
    ]


def test_the_code_of_an_answer() -> None:
    assert framing.code_of({"grpc-status": "5"}, 200) == 5
    assert framing.code_of({}, 503) == 14
    assert framing.code_of({}, 200) == framing.code_of({"grpc-status": "x"}, 200) == codes.UNKNOWN
