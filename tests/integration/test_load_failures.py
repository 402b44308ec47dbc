"""What goes wrong under way is named, counted once, and never blamed on the wrong side."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections import Counter
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.load import LoadProcess, RequestSpec
from tests.integration.load_server import Bench, Spawned, quit_with, with_load

pytestmark = pytest.mark.integration

MANNERS = {
    "/chunked": (200, 5, ""),
    "/early": (200, 2, ""),
    "/large": (200, 1_000_000, ""),
    "/bye": (200, 3, ""),
    "/endless": (200, 13, ""),
    "/broken": (503, 4, ""),
    "/half": (0, 0, "connection closed"),
    "/close": (0, 0, "connection closed"),
    "/reset": (0, 0, "connection reset"),
    "/garbage": (0, 0, "bad answer"),
}


def test_every_kind_of_answer_and_of_failure_is_told_apart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for number, (path, expected) in enumerate(MANNERS.items()):
            before = len(bench.seen.ids)
            report, records = await bench.run(
                bench.stream(RequestSpec(path=path), id=number, rate=100, count=20)
            )
            assert {(one.status, one.size, one.error) for one in records} == {expected}, path
            assert (report.finished, report.retried, len(bench.seen.ids) - before) == (20, 0, 20), path

    with_load(tmp_path, scenario)


def test_head_has_no_body_and_keeps_its_connection(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        _, records = await bench.run(bench.stream(RequestSpec("HEAD", "/head"), rate=20, count=20))
        assert {(one.status, one.size) for one in records} == {(200, 0)}
        assert bench.seen.connections < 20

    with_load(tmp_path, scenario)


def test_no_answer_within_the_timeout(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        report, records = await bench.run(
            bench.stream(RequestSpec(path="/hang"), rate=100, count=20, timeout=0.3)
        )
        assert {(one.status, one.error) for one in records} == {(0, "timeout")}
        assert all(one.service_ms >= 300 for one in records)
        assert report.finished == 20

    with_load(tmp_path, scenario)


def test_nobody_listens(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        with socket.socket() as taken:  # bound and not listening: nobody else can answer there
            taken.bind(("127.0.0.1", 0))
            bench.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            report, records = await bench.run(bench.stream(count=10))
        assert {(one.status, one.error) for one in records} == {(0, "connection refused")}
        assert (report.sent, report.retried) == (10, 0)

    with_load(tmp_path, scenario)


def test_a_keep_alive_connection_that_closes_on_reuse_is_retried_once_and_counted(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        report, records = await bench.run(bench.stream(RequestSpec(path="/once"), rate=50, count=30))
        assert {(one.status, one.error) for one in records} == {(200, "")}
        assert report.retried >= 1
        seen = Counter(bench.seen.ids)
        assert (report.finished, len(seen), max(seen.values())) == (30, 30, 2)
        assert sum(seen.values()) == 30 + report.retried

    with_load(tmp_path, scenario)


def test_a_killed_generator_is_an_error_for_every_stream(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        (one, _), (other, _) = await bench.begin(bench.stream()), await bench.begin(bench.stream(id=2))
        os.kill(bench.load.pid, signal.SIGKILL)
        for running in (one, other):
            with pytest.raises(EnvironmentFailedError, match=f"pid {bench.load.pid}"):
                await running.done()
        with pytest.raises(EnvironmentFailedError, match="has ended"):
            await bench.begin(bench.stream(id=3))

    with_load(tmp_path, scenario)


def test_a_start_that_fails_shows_the_log(tmp_path: Path) -> None:
    async def main() -> None:
        spawned = Spawned()
        with pytest.raises(EnvironmentFailedError, match="no such library"):
            await LoadProcess().start(
                lambda name, _, env, log: spawned(name, quit_with("no such library"), env, log),
                tmp_path,
                "test",
            )
        assert await spawned.processes[0].wait() == 3

    asyncio.run(main())


def test_closing_ends_the_process_and_its_streams(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        running, _ = await bench.begin(bench.stream())
        await bench.load.close()
        with pytest.raises(EnvironmentFailedError):
            await running.done()

    with_load(tmp_path, scenario)
