"""Several workers are one generator: one record, one report, and nothing left when one of them is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.load import LoadProcess, Record, RequestSpec, request_id
from chaosmesh.shapes import steps
from tests.integration.load_server import Bench, Spawned, with_load

pytestmark = pytest.mark.integration


def can_have_another_clock() -> bool:
    """Whether this user may start a process whose monotonic clock is ahead."""
    if not shutil.which("unshare"):
        return False
    argv = ["unshare", "--time", "--fork", "--monotonic", "1000", "true"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


class Elsewhere(Spawned):
    """The second worker's monotonic clock is 1,000 s ahead of everybody else's."""

    async def __call__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        if name.endswith("-1"):
            # Killed by the kernel with its parent, so that ending the one ends both.
            clock = ("unshare", "--time", "--fork", "--kill-child", "--monotonic", "1000")
            return await super().__call__(name, (*clock, *argv), env, log)
        return await super().__call__(name, argv, env, log)


def test_the_merged_record_is_the_one_of_a_single_process(tmp_path: Path) -> None:
    mix = (RequestSpec(path="/a", weight=3), RequestSpec(path="/b"))
    found: list[list[tuple[int, int, int]]] = []

    async def scenario(bench: Bench) -> None:
        running, records = await bench.begin(
            bench.stream(
                *mix,
                id=7,
                rate=1,
                shape=steps((200, "0.5s"), (400, "0.5s")),
                arrivals="poisson",
                seed=3,
                count=250,
            )
        )
        report = await running.done()
        assert (report.planned, report.sent, report.finished, report.dropped) == (250, 250, 250, 0)
        assert sorted(bench.seen.ids) == sorted(request_id(7, seq) for seq in range(250))
        found.append(sorted((one.seq, one.spec, one.intended_ns - running.started_ns) for one in records))
        if bench.load.workers == 1:
            assert report.workers == ()
            return
        assert [one.sent for one in report.workers] == [84, 83, 83]
        assert 0 < sum(one.cpu_s for one in report.workers) < report.cpu_s
        rows = {row["name"]: row["requests"] for row in await bench.load.statistics()}
        assert sum(rows.values()) == 250

    with_load(tmp_path, scenario)
    with_load(tmp_path, scenario, LoadProcess(workers=3))
    assert found[0] == found[1]


def test_a_stopped_stream_stops_at_every_worker(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        records: list[Record] = []
        enough = asyncio.Event()

        def receive(batch: list[Record]) -> None:
            records.extend(batch)
            if len(records) >= 50:
                enough.set()

        running = await bench.load.begin(bench.stream(rate=200), receive)
        await enough.wait()
        running.stop()
        report = await running.done()
        assert report.sent == report.finished == len(records)
        again, _ = await bench.run(bench.stream(id=2, count=20))
        assert again.finished == 20

    with_load(tmp_path, scenario, LoadProcess(workers=2))


def test_a_lost_worker_ends_the_stream_and_every_process(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        running, _ = await bench.begin(bench.stream(rate=50))
        os.kill(bench.spawned.processes[-1].pid, signal.SIGKILL)
        with pytest.raises(EnvironmentFailedError, match="has ended"):
            await running.done()

    with_load(tmp_path, scenario, LoadProcess(workers=2))


@pytest.mark.skipif(not can_have_another_clock(), reason="needs the right to make a time namespace")
def test_a_worker_with_another_clock_is_measured_and_counts_by_ours(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        running, records = await bench.begin(bench.stream(rate=100, count=100))
        report = await running.done()
        assert report.finished == 100
        by_seq = sorted(records, key=lambda one: one.seq)
        for one, due in zip(by_seq, range(100), strict=True):
            # Half of the quickest round trip is how well a clock is known, 1 ms at most.
            assert abs(one.intended_ns - running.started_ns - 10_000_000 * due) <= 1_000_000
        assert [one.sent for one in report.workers] == [50, 50]

    with_load(tmp_path, scenario, LoadProcess(workers=2), Elsewhere())
