"""HTTP/2 streams: many requests on few connections, and every way in which a server can end one."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.target import bare_envoy
from chaosmesh.load import RequestSpec, request_id
from tests.integration.load_http2_server import LARGE, server2
from tests.integration.load_server import Bench, with_load

pytestmark = pytest.mark.integration

MANNERS = {
    "/": (200, 2, ""),
    "/broken": (503, 2, ""),
    "/missing": (404, 2, ""),
    "/early": (200, 2, ""),
    "/goodbye": (200, 3, ""),
    "/large": (200, LARGE, ""),
    "/reset": (0, 0, "stream reset (INTERNAL_ERROR)"),
    "/close": (0, 0, "connection closed"),
    "/abort": (0, 0, "connection reset"),
    "/garbage": (0, 0, "bad answer"),
}
LATER = {"/refused": "stream reset (REFUSED_STREAM)", "/calm": "goaway (ENHANCE_YOUR_CALM)"}


def spec(path: str = "/", method: str = "GET", body: bytes = b"") -> RequestSpec:
    return RequestSpec(method, path, (("X-Color", "blue"),), body, protocol="http2")


def test_every_kind_of_answer_and_of_failure_is_told_apart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            for number, (path, expected) in enumerate(MANNERS.items()):
                before = len(seen.ids)
                # One at a time: else one that ends the connection takes its neighbours with it.
                report, records = await bench.run(bench.stream(spec(path), id=number, rate=20, count=10))
                assert {(one.status, one.size, one.error) for one in records} == {expected}, path
                assert {one.grpc_status for one in records} == {None}
                assert report.finished == 10
                if path not in ("/close", "/abort", "/garbage", "/goodbye"):
                    assert (report.retried, len(seen.ids) - before) == (0, 10), path

    with_load(tmp_path, scenario)


def test_what_the_server_did_not_process_goes_out_once_more_and_no_more(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            for number, (path, error) in enumerate(LATER.items()):
                report, records = await bench.run(bench.stream(spec(path), id=number, rate=50, count=10))
                assert {(one.status, one.error) for one in records} == {(0, error)}, path
                assert report.retried == report.finished == 10
            seen.ids.clear()
            report, records = await bench.run(bench.stream(spec("/refused-once"), id=9, rate=50, count=10))
            assert {(one.status, one.error) for one in records} == {(200, "")}
            assert (report.retried, Counter(seen.ids).most_common(1)[0][1], len(seen.ids)) == (10, 2, 20)

    with_load(tmp_path, scenario)


def test_requests_share_a_connection_and_are_each_sent_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            report, _ = await bench.run(bench.stream(spec(), id=7, rate=300, count=300))
            assert sorted(seen.ids) == sorted(request_id(7, seq) for seq in range(300))
            assert (report.sent, report.finished, report.retried) == (300, 300, 0)
            assert seen.connections <= 3
            assert seen.pinged == seen.connections
            assert seen.headers[0][":authority"] == "front.local"
            assert {one["x-color"] for one in seen.headers} == {"blue"}

    with_load(tmp_path, scenario)


@pytest.mark.parametrize("limit", [1_000, 7])
def test_a_server_that_holds_back_is_felt_from_the_intended_time_and_gets_more_connections(
    tmp_path: Path, limit: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2(limit=limit) as (bench.url, seen):
            running, records = await bench.begin(bench.stream(spec("/hold"), rate=250, count=250))
            await seen.everything(250)
            assert not records
            seen.open.set()
            report = await running.done()
            assert (report.sent, len(records), report.retried) == (250, 250, 0)
            assert {one.status for one in records} == {200}
            ended = min(one.done_ns for one in records)
            assert all(one.latency_ms >= (ended - one.intended_ns) / 1e6 for one in records)
            assert max(one.latency_ms for one in records) >= 990  # due a second before the last one
            assert seen.together == min(limit, 100)
            assert seen.connections == -(-250 // min(limit, 100))

    with_load(tmp_path, scenario)


def test_bodies_obey_the_windows_of_the_server(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            body = bytes(400_000)
            _, records = await bench.run(bench.stream(spec("/", "POST", body), rate=50, count=20))
            assert {(one.status, one.error) for one in records} == {(200, "")}
            assert seen.bodies == [body] * 20

    with_load(tmp_path, scenario)


def test_head_has_no_body(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, _):
            _, records = await bench.run(bench.stream(spec("/head", "HEAD"), rate=50, count=10))
            assert {(one.status, one.size, one.error) for one in records} == {(200, 0, "")}

    with_load(tmp_path, scenario)


def test_a_timeout_cancels_its_stream_and_a_silent_connection_gets_no_more(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            stream = bench.stream(spec("/hang"), rate=50, count=50, timeout=0.3)
            report, records = await bench.run(stream)
            assert {(one.status, one.error) for one in records} == {(0, "timeout")}
            assert all(one.service_ms >= 300 for one in records)
            assert (report.finished, set(seen.resets)) == (50, {8})
            assert seen.connections >= 2

    with_load(tmp_path, scenario)


def test_an_idle_connection_that_closes_on_reuse_is_tried_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, seen):
            report, records = await bench.run(bench.stream(spec("/once"), rate=10, count=10))
            assert report.finished == len(records) == 10
            assert max(Counter(seen.ids).values()) == 2
            assert report.retried >= 1
            # Two that overlap on a slow machine may meet the close in the middle of an answer.
            assert {(one.status, one.error) for one in records} <= {(200, ""), (0, "connection closed")}
            assert sum(one.status == 200 for one in records) >= 5

    with_load(tmp_path, scenario)


def test_a_server_that_only_speaks_http1_is_a_bad_answer(tmp_path: Path) -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def scenario(bench: Bench) -> None:
        server = await asyncio.start_server(garbage, "127.0.0.1", 0)
        async with server:
            bench.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            report, records = await bench.run(bench.stream(spec(), rate=50, count=10))
        assert {(one.status, one.error) for one in records} == {(0, "bad answer")}
        assert (report.sent, report.finished) == (10, 10)

    with_load(tmp_path, scenario)


def test_nobody_listens(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, _):
            pass
        report, records = await bench.run(bench.stream(spec(), rate=200, count=20))
        assert {(one.status, one.error) for one in records} == {(0, "connection refused")}
        assert (report.sent, report.finished, report.retried) == (20, 20, 0)

    with_load(tmp_path, scenario)


def test_envoy_drains_its_connections_and_nothing_is_lost(tmp_path: Path) -> None:
    """After 20 requests Envoy sends GOAWAY and goes on to answer what is under way."""

    async def scenario(bench: Bench) -> None:
        options = {"common_http_protocol_options": {"max_requests_per_connection": 20}}
        async with bare_envoy(tmp_path, options=options) as bench.url:
            report, records = await bench.run(bench.stream(spec(), rate=300, count=600))
            assert (report.sent, len(records)) == (600, 600)
            assert Counter((one.status, one.error) for one in records) == {(200, ""): 600}

    with_load(tmp_path, scenario)


def test_locust_counts_them_as_http2(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, _):
            await bench.run(bench.stream(spec("/broken"), rate=50, count=10))
            (row,) = await bench.load.statistics()
            assert (row["method"], row["requests"], row["failures"]) == ("HTTP2", 10, 10)

    with_load(tmp_path, scenario)
