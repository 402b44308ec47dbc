"""Streams through the real Locust process: every request is planned, sent once, answered and recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.load import Record, RequestSpec, request_id
from tests.integration.load_server import Bench, with_load

pytestmark = pytest.mark.integration


def test_rate_count_and_ids_are_exact(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        running, records = await bench.begin(bench.stream(id=7, rate=200, duration=1.0))
        report = await running.done()
        assert (report.planned, report.sent, report.finished, report.dropped) == (200, 200, 200, 0)
        by_seq = sorted(records, key=lambda one: one.seq)
        assert [one.intended_ns - running.started_ns for one in by_seq] == [5_000_000 * n for n in range(200)]
        assert sorted(bench.seen.ids) == sorted(request_id(7, seq) for seq in range(200))
        assert {(one.status, one.size, one.error) for one in records} == {(200, 2, "")}
        assert all(one.intended_ns <= one.sent_ns <= one.done_ns for one in records)
        assert report.seconds >= 0.995
        assert 0 < report.cpu_s < 30

    with_load(tmp_path, scenario)


def test_several_streams_run_at_once_in_one_warm_process(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for round_ in range(2):
            one = bench.stream(id=2 * round_ + 1, rate=300, count=150)
            other = bench.stream(id=2 * round_ + 2, rate=100, count=50, arrivals="poisson", seed=3)
            (_, first), (_, second) = await asyncio.gather(bench.run(one), bench.run(other))
            assert sorted(record.seq for record in first) == list(range(150))
            assert sorted(record.seq for record in second) == list(range(50))
        wanted = [
            request_id(1 + n % 2 + 2 * (n // 2), seq) for n in range(4) for seq in range((150, 50)[n % 2])
        ]
        assert Counter(bench.seen.ids) == Counter(wanted)

    with_load(tmp_path, scenario)


def test_a_mix_sends_its_headers_bodies_and_methods(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        mix = (RequestSpec("POST", "/", (("x-color", "blue"),), b"\x00" * 300_000), RequestSpec("POST"))
        _, records = await bench.run(bench.stream(*mix, rate=100, count=40))
        sizes = Counter(map(len, bench.seen.bodies))
        specs = Counter(record.spec for record in records)
        assert (sizes[300_000], sizes[0]) == (specs[0], specs[1])
        assert min(sizes.values()) > 0
        assert {headers["host"] for headers in bench.seen.headers} == {"front.local"}
        assert sum(headers.get("x-color") == "blue" for headers in bench.seen.headers) == specs[0]
        assert {record.status for record in records} == {200}

    with_load(tmp_path, scenario)


def test_a_stopped_stream_sends_nothing_more_and_still_finishes(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        enough = asyncio.Event()
        records: list[Record] = []

        def receive(batch: list[Record]) -> None:
            records.extend(batch)
            if len(records) >= 50:
                enough.set()

        running = await bench.load.begin(bench.stream(rate=300), receive)
        await enough.wait()
        running.stop()
        report = await running.done()
        assert report.finished == report.sent == len(records) == len(set(bench.seen.ids)) >= 50
        running.stop()

    with_load(tmp_path, scenario)


def test_an_impossible_rate_is_reported_as_late(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        report, records = await bench.run(bench.stream(rate=500_000, duration=0.5, timeout=2.0))
        assert report.planned == 250_000
        assert report.sent + report.dropped == report.planned
        assert report.finished == report.sent == len(records)
        assert "the generator" in (report.late(1_000) or "")

    with_load(tmp_path, scenario)


def test_locusts_own_table_equals_the_records(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        mix = (
            RequestSpec(),
            RequestSpec(path="/broken"),
            RequestSpec(path="/missing"),
            RequestSpec(path="/close"),
        )
        _, records = await bench.run(bench.stream(*mix, rate=400, count=400))
        table = {row["name"]: row for row in await bench.load.statistics()}
        for spec, request in enumerate(mix):
            own = sorted(one.latency_ms for one in records if one.spec == spec)
            row = table["stream1" + request.path]
            failed = sum(one.spec == spec and (one.status >= 500 or not one.status) for one in records)
            assert (row["method"], row["requests"], row["failures"]) == ("GET", len(own), failed)
            for share, value in row["percentiles"].items():
                rank = float(share) * len(own)
                low, high = own[max(0, int(rank) - 2)], own[min(len(own) - 1, int(rank) + 2)]
                assert low * 0.99 - 0.01 <= value <= high * 1.01 + 0.01

    with_load(tmp_path, scenario)


def test_the_same_id_twice_at_once_and_foreign_targets_are_refused(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        running, _ = await bench.begin(bench.stream(rate=50))
        with pytest.raises(UsageError, match="id 1 is running already"):
            await bench.begin(bench.stream())
        running.stop()
        await running.done()
        bench.url = "http://192.0.2.1:80"
        with pytest.raises(UsageError, match="neither loopback nor an allowed target"):
            await bench.begin(bench.stream())

    with_load(tmp_path, scenario)


def test_what_the_receiver_raises_ends_the_stream(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        def receive(_: list[Record]) -> None:
            raise KeyError("lost")

        running = await bench.load.begin(bench.stream(rate=100), receive)
        with pytest.raises(KeyError, match="lost"):
            await running.done()
        report, _ = await bench.run(bench.stream(id=2, count=10))
        assert report.finished == 10

    with_load(tmp_path, scenario)
