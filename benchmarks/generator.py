"""What the generator costs, what rate it holds, and how evenly its requests arrive."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from benchmarks.target import bare_envoy, clocked, generator
from chaosmesh.load import LoadProcess, Record, RequestSpec, Stream, StreamReport

_SECONDS = 5.0
_REPEATS = 3
_WINDOW_NS = 10_000_000
_COST = {
    500: (400, "k6 639, vegeta 620, fortio 337, oha 168, FastHttpUser 428"),
    2_000: (145, "k6 271, vegeta 224, fortio 157, oha 104, FastHttpUser 283"),
    5_000: (80, "k6 174, vegeta 153, fortio 89, oha 54, FastHttpUser 187"),
}
_FORTIO_P99_MS = 1.4


@dataclass(frozen=True, slots=True)
class Sample:
    """One stream against an Envoy that answers by itself; latency in ms from the intended time."""

    report: StreamReport
    p50: float
    p99: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per request, user and system."""
        return self.report.cpu_s / self.report.sent * 1e6


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How requests arrive at the server: CV of the gaps, and the most in any 10 ms."""

    cv: float
    most: int
    lag_p99_ms: float


async def _sample(load: LoadProcess, url: str, number: int, rate: int) -> Sample:
    records: list[Record] = []
    stream = Stream(number, f"{rate}", url, "bench", (RequestSpec(),), rate, duration=_SECONDS)
    report = await (await load.begin(stream, records.extend)).done()
    p50, p99 = np.percentile([one.latency_ms for one in records], (50, 99))
    return Sample(report, p50, p99)


async def samples() -> dict[int, list[Sample]]:
    """The rates in turn, several times over, so that foreign load hits all of them alike."""
    found: dict[int, list[Sample]] = {rate: [] for rate in (*_COST, 10_000)}
    async with generator() as (load, folder), bare_envoy(folder) as url:
        for number in range(_REPEATS):
            for rate, of_rate in found.items():
                of_rate.append(await _sample(load, url, number, rate))
    return found


async def arrivals(rate: int = 500, seconds: float = 6.0) -> Arrivals:
    """The middle of a stream, as the server's own clock saw it."""
    async with generator() as (load, folder), clocked(Path(folder)) as target:
        stream = Stream(1, "even", target.url, "bench", (RequestSpec(),), rate, duration=seconds)
        report = await (await load.begin(stream, lambda _: None)).done()
        times = sorted(arrival for arrival, _ in (await target.log()).values())
    middle = times[len(times) // 6 : -len(times) // 6]
    gaps = [after - before for before, after in pairwise(middle)]
    return Arrivals(
        statistics.pstdev(gaps) / statistics.mean(gaps), most_in_window(middle), report.lag_p99_ms
    )


def most_in_window(times: list[int], window_ns: int = _WINDOW_NS) -> int:
    """The largest number of times within any window."""
    array = np.array(times)
    return int(np.max(np.searchsorted(array, array + window_ns) - np.arange(len(array))))


def run() -> list[Row]:
    """Medians of three runs, with the generator's lag beside them."""
    found = asyncio.run(samples())
    rows = [_cost(rate, found[rate], reach, floor) for rate, (reach, floor) in _COST.items()]
    return [*rows, *_held(found[10_000]), *_even([asyncio.run(arrivals()) for _ in range(_REPEATS)])]


def _cost(rate: int, of_rate: list[Sample], reach: int, floor: str) -> Row:
    cpu = statistics.median(one.cpu_us for one in of_rate)
    p50, p99, lag = _middle(of_rate)
    measured = f"{cpu:.0f} µs (p50 {p50:.2f}, p99 {p99:.2f}, lag p99 {lag:.2f} ms)"
    return Row(f"generator: CPU per request at {rate:,}/s", measured, f"≤ {reach} µs", floor, cpu / reach)


def _held(of_rate: list[Sample]) -> list[Row]:
    share = min(one.report.sent / one.report.planned for one in of_rate)
    seconds = max(one.report.seconds for one in of_rate)
    _, p99, lag = _middle(of_rate)
    return [
        Row(
            "generator: 10,000/s held",
            f"{share:.2%} sent in {seconds:.2f} s, lag p99 {lag:.2f} ms",
            "100 %",
            "k6 94 %, Locust 72 %",
            1 / share,
        ),
        Row(
            "generator: p99 at 10,000/s",
            f"{p99:.2f} ms",
            f"≤ {2 * _FORTIO_P99_MS:.1f} ms",
            "fortio 1.4, oha 4.7, vegeta 71 ms, on a quiet machine",
            p99 / (2 * _FORTIO_P99_MS),
        ),
    ]


def _middle(of_rate: list[Sample]) -> tuple[float, float, float]:
    return (
        statistics.median(one.p50 for one in of_rate),
        statistics.median(one.p99 for one in of_rate),
        statistics.median(one.report.lag_p99_ms for one in of_rate),
    )


def _even(runs: list[Arrivals]) -> list[Row]:
    cv = statistics.median(one.cv for one in runs)
    most = statistics.median(one.most for one in runs)
    lag = statistics.median(one.lag_p99_ms for one in runs)
    return [
        Row(
            "generator: CV of arrivals at 500/s",
            f"{cv:.2f} (lag p99 {lag:.2f} ms)",
            "< 0.5",
            "oha 0.21, Locust 6.4",
            cv / 0.5,
        ),
        Row("generator: most arrivals in 10 ms at 500/s", f"{most:g}", "≤ 7", "oha 6, Locust 50", most / 7),
    ]
