"""What looking costs: the airport at 500 requests a second while nobody looks, ten clients read the stream, ten tabs look.

Tabs of one browser share one stream; ten clients that draw nothing are what ten people on other machines would cost. A
browser on the same few cores takes time from everybody, so tabs are told beside clients.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.row import Row
from chaosmesh.appmesh import load
from chaosmesh.appmesh.api import Service, Store
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.publishing import Publisher
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.export import Origin
from chaosmesh.engine.tower.tower import Tower
from chaosmesh.load import RequestSpec
from chaosmesh.web.server import serve

AIRPORT = Path(__file__).resolve().parent.parent / "fixtures/airport"
ROUNDS = 3
RATE = 500.0
COUNT = 5_000
WARM = 1_000
WATCHERS = 10
WAYS = {"nobody": "", "readers": f"{WATCHERS} clients of the stream", "tabs": f"{WATCHERS} tabs of Chromium"}
MOST_TIMES, MOST_LAG_MS, MOST_P99_MS = 1.1, 1.0, 2.0
"""What looking may cost: CPU as a multiple of that unseen; milliseconds of lag and of the users' p99."""


@dataclass(frozen=True)
class Seen:
    """One stream: lag p99 of the generator and p99 of users (ms), CPU a request of the generator, of all sidecars and of
    main (µs)."""

    lag_ms: float
    p99_ms: float
    generator_us: float
    sidecars_us: float
    main_us: float


def run() -> list[Row]:
    """Medians of the rounds, beside those that nobody looked at."""
    rounds = asyncio.run(_rounds())

    def median(way: str, name: str) -> float:
        return statistics.median(getattr(one[way], name) for one in rounds)

    rows = []
    for way, who in list(WAYS.items())[1:]:
        for name, what, most in (
            ("lag_ms", "generator's lag p99", MOST_LAG_MS),
            ("p99_ms", "users' p99", MOST_P99_MS),
        ):
            off, on = median("nobody", name), median(way, name)
            ratio = max(on - off, 0) / most
            rows.append(Row(f"{who}: {what}", f"{on:.2f} ms", f"+{most:g} ms", f"{off:.2f} ms unseen", ratio))
        for name, what in (("generator_us", "generator"), ("sidecars_us", "sidecars"), ("main_us", "main")):
            off, on = median("nobody", name), median(way, name)
            reach = f"{MOST_TIMES:g} × unseen"
            figure = f"{who}: CPU of the {what} a request"
            rows.append(Row(figure, f"{on:.0f} µs", reach, f"{off:.0f} µs unseen", on / off / MOST_TIMES))
    return rows


async def _rounds() -> list[dict[str, Seen]]:
    """All ways in turn on one mesh, several times over, so that whatever else the machine does hits all of them alike."""
    scenario = load_scenario(AIRPORT)
    resources = load(scenario.sources())
    with tempfile.TemporaryDirectory() as runs:
        folder = RunFolder.create(Path(runs), "bench")
        async with Stack(policy(resources, scenario), scenario, folder) as stack:
            publisher = Publisher(stack, resources, scenario, "appmesh", lambda _: None)
            api = Service(Store.of(resources), publisher)
            tower = Tower(stack, api, publisher, scenario, Origin("bench", [str(AIRPORT)], "appmesh", 0))
            await tower.start()
            site = await serve(tower)
            try:
                await _stream(stack, WARM)
                return [{way: await _watched(stack, site.url, way) for way in WAYS} for _ in range(ROUNDS)]
            finally:
                await site.close()
                await tower.close()


async def _watched(stack: Stack, url: str, way: str) -> Seen:
    async with _watchers(way, url):
        return await _stream(stack, COUNT)


@asynccontextmanager
async def _watchers(way: str, url: str) -> AsyncIterator[None]:
    if not WAYS[way]:
        yield
        return
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks._watching", way, url, str(WATCHERS)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{way}: nobody could look; is Chromium there?")
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def _stream(stack: Stack, count: int) -> Seen:
    sidecars = [stack.runtime.pid(one, "sidecar") for one in stack.topology.replicas]
    before, own = sum(map(_cpu, sidecars)), _cpu(os.getpid())
    url = stack.entry_url("departures")
    request = RequestSpec("GET", "/flights/NH10")
    running = await stack.begin("bench", url, "departures", [request], RATE, count=count)
    report = await running.done()
    after, own_after = sum(map(_cpu, sidecars)), _cpu(os.getpid())
    await stack.settled([running.stream.id])
    latencies = sorted(stack.ledger.latencies(running.stream.id))
    return Seen(
        report.lag_p99_ms,
        latencies[int(len(latencies) * 0.99)],
        report.cpu_s / report.sent * 1e6,
        (after - before) / count * 1e6,
        (own_after - own) / count * 1e6,
    )


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
