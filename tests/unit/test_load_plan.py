"""Request ids, lateness, and what a stream may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.load import (
    LoadProcess,
    Record,
    RequestSpec,
    Stream,
    StreamReport,
    Tls,
    request_id,
    seq_of,
    stream_of,
)
from chaosmesh.load.targets import check_stream, checked_bind, networks

STREAM = Stream(1, "users", "http://127.0.0.1:8080", "front", (RequestSpec(),), 100)
REPORT = StreamReport(1, "users", 1000, 1000, 1000, 0, 0, 0.1, 4.0, 0.2, 10.0)


@pytest.mark.parametrize(("stream", "seq"), [(0, 0), (7, 123_456), (2**32 - 1, 2**48 - 1)])
def test_a_request_id_is_a_uuid_that_names_stream_and_number(stream: int, seq: int) -> None:
    text = request_id(stream, seq)
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert (stream_of(text), seq_of(text)) == (stream, seq)


def test_the_digit_in_which_envoy_notes_its_trace_decision_may_differ() -> None:
    text = request_id(3, 9)
    assert stream_of(text[:14] + "9" + text[15:]) == 3


@pytest.mark.parametrize(
    "text", ["", "x", "2f0b7a3c-91de-4b1c-8a11-0123456789ab", request_id(1, 1).upper() + "0"]
)
def test_foreign_ids_name_no_stream(text: str) -> None:
    assert stream_of(text) is None
    assert seq_of(text) is None


def test_a_record_keeps_latency_lag_and_service_time_apart() -> None:
    record = Record(0, 0, 1_000_000, 3_000_000, 10_000_000, 200, 2)
    assert (record.latency_ms, record.lag_ms, record.service_ms) == (9.0, 2.0, 7.0)


@pytest.mark.parametrize(
    ("status", "grpc", "ok"),
    [
        (200, None, True),
        (499, None, True),
        (500, None, False),
        (0, None, False),
        (200, 0, True),
        (200, 14, False),
    ],
)
def test_success_is_a_status_below_500_and_for_grpc_0(status: int, grpc: int | None, ok: bool) -> None:
    assert Record(0, 0, 0, 0, 0, status, 0, grpc_status=grpc).ok is ok


def test_the_url_may_say_tcp_and_where_tls_is_spoken_https() -> None:
    check_stream(replace(STREAM, url="https://127.0.0.1:80", tls=Tls()), networks(()))
    check_stream(replace(STREAM, url="tcp://127.0.0.1:80"), networks(()))


def test_on_time_is_99_percent_sent_and_a_small_lag() -> None:
    assert replace(REPORT, sent=990, dropped=10, lag_p99_ms=5.0).late() is None
    assert replace(REPORT, planned=0, sent=0).late() is None


def test_fewer_than_99_percent_sent_is_late() -> None:
    assert "989 of 1,000" in (replace(REPORT, sent=989, dropped=11).late() or "")


def test_the_allowed_lag_grows_with_the_latency_bound() -> None:
    slow = replace(REPORT, lag_p99_ms=14.0)
    assert "14.0 ms, allowed 5.0 ms" in (slow.late() or "")
    assert "allowed 10.0 ms" in (slow.late(200) or "")
    assert slow.late(300) is None


def test_loopback_streams_are_fine() -> None:
    check_stream(STREAM, networks(()))
    check_stream(replace(STREAM, url="http://[::1]:80"), networks(()))


def test_other_addresses_must_be_allowed() -> None:
    other = replace(STREAM, url="http://172.20.0.5:8080")
    with pytest.raises(UsageError, match="neither loopback nor an allowed target"):
        check_stream(other, networks(()))
    check_stream(other, networks(("172.20.0.0/16",)))


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://localhost:80"},
        {"url": "https://127.0.0.1:80"},
        {"url": "http://127.0.0.1"},
        {"url": "http://127.0.0.1:80/path"},
        {"url": "http://127.0.0.1:99999"},
        {"rate": 0},
        {"rate": float("nan")},
        {"duration": -1.0},
        {"timeout": 0},
        {"count": 0},
        {"id": -1},
        {"id": 2**32},
        {"arrivals": "bursty"},
        {"requests": ()},
        {"host": "a\r\nx: y"},
        {"requests": (RequestSpec(path="/a b"),)},
        {"requests": (RequestSpec(path="flights"),)},
        {"requests": (RequestSpec(path="http://elsewhere/"),)},
        {"requests": (RequestSpec(path="/\r\n"),)},
        {"requests": (RequestSpec(method="GET /"),)},
        {"requests": (RequestSpec(weight=0),)},
        {"requests": (RequestSpec(headers=(("x", "a\nb"),)),)},
        {"requests": (RequestSpec(headers=(("X-Request-Id", "mine"),)),)},
        {"requests": (RequestSpec(headers=(("Connection", "close"),), protocol="http2"),)},
        {"requests": (RequestSpec(path="/Service", protocol="grpc"),)},
        {"requests": (RequestSpec(path="/a.S/M", headers=(("content-type", "x"),), protocol="grpc"),)},
        {"requests": (RequestSpec(headers=(("a", "b"),), protocol="tcp"),)},
        {"requests": (RequestSpec(body=b"two\nlines", protocol="tcp"),)},
        {"requests": (RequestSpec(protocol="quic"),)},  # type: ignore[arg-type]
        {"tls": Tls("front\n")},
        {"tls": Tls(ca_file="/nowhere/ca.pem")},
        {"tls": Tls(cert_file="/nowhere/own.pem")},
        {"tls": Tls(key_file="/nowhere/own.key")},
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        check_stream(replace(STREAM, **change), networks(()))


@pytest.mark.parametrize("address", ["nonsense", ":5557", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "h:70000"])
def test_where_workers_join_is_an_address(address: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        LoadProcess(workers=2, bind=address)
    assert checked_bind("[::1]:5557") == "[::1]:5557"


def test_allowed_targets_must_be_networks() -> None:
    with pytest.raises(UsageError, match="allowed targets"):
        networks(("somewhere",))
