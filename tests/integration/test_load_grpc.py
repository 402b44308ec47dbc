"""gRPC streams against a real gRPC server, and against what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.target import bare_envoy
from chaosmesh.load import RequestSpec, request_id
from tests.integration.load_grpc_server import grpc_server
from tests.integration.load_http2_server import server2
from tests.integration.load_server import Bench, with_load

pytestmark = pytest.mark.integration


def call(method: str, body: bytes = b"", **metadata: str) -> RequestSpec:
    return RequestSpec(
        path=f"/test.Any/{method}", headers=tuple(metadata.items()), body=body, protocol="grpc"
    )


def test_calls_and_their_statuses(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server() as server:
            bench.url = server.url
            expected = {
                call("Echo"): (200, 0, 0, True),
                call("Echo", b"x" * 100_000): (200, 0, 100_000, True),
                call("Many"): (200, 0, 10, True),
                call("Fail", code="14"): (200, 14, 0, False),
                call("Fail", code="4"): (200, 4, 0, False),
                call("Nothing"): (200, 12, 0, False),
            }
            for number, (spec, want) in enumerate(expected.items()):
                report, records = await bench.run(bench.stream(spec, id=number, rate=100, count=20))
                assert {(one.status, one.grpc_status, one.size, one.ok) for one in records} == {want}, spec
                assert {one.error for one in records} == {""}
                assert (report.sent, report.finished, report.retried) == (20, 20, 0)
            served = range(len(expected) - 1)
            assert sorted(await server.ids()) == sorted(
                request_id(n, seq) for n in served for seq in range(20)
            )

    with_load(tmp_path, scenario)


def test_a_server_that_holds_back_is_felt_from_the_intended_time(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server() as server:
            bench.url = server.url
            report, records = await bench.run(bench.stream(call("Hold", until="250"), rate=250, count=250))
            assert (report.sent, len(records), report.retried) == (250, 250, 0)
            assert {(one.status, one.grpc_status) for one in records} == {(200, 0)}
            # The first call can't end before the last one was due, 249 gaps of 4 ms later.
            assert max(one.latency_ms for one in records) >= 996
            ended = min(one.done_ns for one in records)
            assert ended >= max(one.intended_ns for one in records)

    with_load(tmp_path, scenario)


def test_no_answer_within_the_timeout(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server() as server:
            bench.url = server.url
            report, records = await bench.run(bench.stream(call("Hang"), rate=100, count=20, timeout=0.3))
            assert {(one.status, one.grpc_status, one.error) for one in records} == {(0, None, "timeout")}
            assert report.finished == 20

    with_load(tmp_path, scenario)


def test_a_killed_server_ends_every_call(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server() as server:
            bench.url = server.url
            running, records = await bench.begin(bench.stream(call("Hang"), rate=200, count=200))
            await bench.run(bench.stream(call("Echo"), id=2, rate=100, count=20))  # calls hang meanwhile
            server.process.kill()
            report = await running.done()
        assert (report.sent, len(records)) == (200, 200)
        assert {(one.status, one.ok) for one in records} == {(0, False)}
        assert {one.error for one in records} <= {
            "connection closed",
            "connection reset",
            "connection refused",
        }

    with_load(tmp_path, scenario)


def test_what_is_no_grpc_gets_the_status_of_its_http(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with server2() as (bench.url, _):
            _, records = await bench.run(bench.stream(call("Echo"), rate=50, count=10))
            assert {(one.status, one.error) for one in records} == {(0, "bad answer")}  # 200 without a status
        direct = {"match": {"prefix": "/"}, "direct_response": {"status": 503}}
        routes = {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [direct]}]}
        async with bare_envoy(tmp_path, options={"route_config": routes}) as bench.url:
            _, records = await bench.run(bench.stream(call("Echo"), id=2, rate=50, count=10))
            # Envoy answers a call in gRPC's own way.
            assert {(one.status, one.grpc_status, one.ok) for one in records} == {(200, 14, False)}

    with_load(tmp_path, scenario)


def test_locust_counts_failed_calls_as_failures(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with grpc_server() as server:
            bench.url = server.url
            await bench.run(bench.stream(call("Fail", code="14"), rate=50, count=10))
            (row,) = await bench.load.statistics()
            assert (row["method"], row["requests"], row["failures"]) == ("GRPC", 10, 10)

    with_load(tmp_path, scenario)
