"""A server that stops for one second in ten: does every request that was due then show it?"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.row import Row
from benchmarks.target import Clocked, clocked, generator
from chaosmesh.load import Record, RequestSpec, Stream, StreamReport

_RATE, _SECONDS, _STALL_S = 500, 10.0, 1.0
_REPEATS = 3
_FEW_MS = 3.0


@dataclass(frozen=True, slots=True)
class Stall:
    """One run: percentiles of the latency in ms, and `off` = share of the requests whose latency differs from
    the server's answer time − scheduled time by more than 1 % and more than 3 ms."""

    report: StreamReport
    p95: float
    p99: float
    p999: float
    off: float
    worst_ms: float


async def _stop_and_go(target: Clocked, enough: asyncio.Event) -> None:
    await enough.wait()
    os.kill(target.process.pid, signal.SIGSTOP)
    await asyncio.sleep(_STALL_S)  # the stall itself, not a wait for something
    os.kill(target.process.pid, signal.SIGCONT)


async def observe(rate: float, seconds: float) -> tuple[StreamReport, list[Record], dict[int, int]]:
    """A stream with a stall of a second in its middle, and when the server answered each request (epoch ns)."""
    records: list[Record] = []
    enough = asyncio.Event()

    def receive(batch: list[Record]) -> None:
        records.extend(batch)
        if len(records) >= rate * seconds * 0.45:
            enough.set()

    async with generator() as (load, folder), clocked(folder) as target:
        stream = Stream(1, "stall", target.url, "bench", (RequestSpec(),), rate, duration=seconds)
        running = await load.begin(stream, receive)
        await _stop_and_go(target, enough)
        report = await running.done()
        log = await target.log()
    return report, records, {seq: answer for seq, (_, answer) in log.items()}


async def measure() -> Stall:
    """One stall of a second in ten."""
    return judged(*await observe(_RATE, _SECONDS))


def judged(report: StreamReport, records: Sequence[Record], answers: dict[int, int]) -> Stall:
    """Compares each record with the server's own clock."""
    differences = [(one.done_ns - answers[one.seq]) / 1e6 for one in records]
    wrong = [
        abs(difference) > max(_FEW_MS, 0.01 * one.latency_ms)
        for one, difference in zip(records, differences, strict=True)
    ]
    p95, p99, p999 = np.percentile([one.latency_ms for one in records], (95, 99, 99.9))
    return Stall(report, p95, p99, p999, sum(wrong) / len(wrong), max(map(abs, differences)))


def run() -> list[Row]:
    """Medians of three runs."""
    runs = [asyncio.run(measure()) for _ in range(_REPEATS)]
    sent = min(one.report.sent for one in runs)
    lag = statistics.median(one.report.lag_p99_ms for one in runs)
    off = statistics.median(one.off for one in runs)
    worst = statistics.median(one.worst_ms for one in runs)
    rows = [
        Row(
            "stall: requests sent",
            f"{sent:,}",
            "5,000",
            "Locust 4,550, fortio -nocatchup 4,512",
            5_000 / sent,
        ),
        Row(
            "stall: latencies off the server's clock by > 1 % and > 3 ms",
            f"{off:.2%} (worst {worst:.1f} ms, lag p99 {lag:.2f} ms)",
            "≤ 1 %",
            "–",
            off / 0.01,
        ),
    ]
    for name, value, truth in (
        ("p95", statistics.median(one.p95 for one in runs), 500),
        ("p99", statistics.median(one.p99 for one in runs), 900),
        ("p99.9", statistics.median(one.p999 for one in runs), 990),
    ):
        reach = truth + 45  # the drain after the stall is real
        rows.append(
            Row(
                f"stall: {name}",
                f"{value:.0f} ms",
                f"{truth} + ≤ 45 ms",
                "vegeta +8 %, Locust 4, 5, 990",
                value / reach,
            )
        )
    return rows
