"""What spans cost: the airport under load without a tracer and with each of them, in alternating rounds."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.row import Row
from chaosmesh.appmesh import load
from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.traces import Choice
from chaosmesh.load import RequestSpec

AIRPORT = Path(__file__).resolve().parent.parent / "fixtures/airport"
ROUNDS = 3
RATE = 100.0
COUNT = 1_500
WARM = 150
KINDS: tuple[Choice, ...] = ("off", "otel", "xray")
MOST_TIMES, MOST_MS = 1.5, 3.0
"""What a tracer may cost at most: CPU as a multiple of that without one, and milliseconds of the median latency."""


@dataclass(frozen=True)
class Seen:
    """One round: CPU a request of all sidecars and of main (µs), median latency of users (ms), spans a request."""

    sidecars_us: float
    main_us: float
    p50_ms: float
    spans: float


def run() -> list[Row]:
    """Medians of the rounds, beside those without a tracer."""
    rounds = [{kind: asyncio.run(_measured(kind)) for kind in KINDS} for _ in range(ROUNDS)]

    def median(kind: Choice, name: str) -> float:
        return statistics.median(getattr(one[kind], name) for one in rounds)

    rows = []
    for kind in KINDS[1:]:
        spans = f"{kind}, {median(kind, 'spans'):.0f} spans a request"
        for name, what in (("sidecars_us", "5 sidecars"), ("main_us", "the control plane")):
            off, on = median("off", name), median(kind, name)
            figure = f"{spans}: CPU of {what} a request"
            reach = f"{MOST_TIMES:g} × off"
            rows.append(Row(figure, f"{on:.0f} µs", reach, f"{off:.0f} µs off", on / off / MOST_TIMES))
        off, on = median("off", "p50_ms"), median(kind, "p50_ms")
        ratio = max(on - off, 0) / MOST_MS
        rows.append(Row(f"{spans}: p50", f"{on:.1f} ms", f"+{MOST_MS:g} ms", f"{off:.1f} ms off", ratio))
    return rows


async def _measured(kind: Choice) -> Seen:
    scenario = load_scenario(AIRPORT)
    mesh = policy(load(scenario.sources()), scenario)
    with tempfile.TemporaryDirectory() as runs:
        async with Stack(mesh, scenario, RunFolder.create(Path(runs), "bench"), traces=kind) as stack:
            await _load(stack, WARM)
            sidecars = [stack.runtime.pid(one, "sidecar") for one in stack.topology.replicas]
            before, own = sum(map(_cpu, sidecars)), time.process_time()
            stream = await _load(stack, COUNT)
            after, own_after = sum(map(_cpu, sidecars)), time.process_time()
            await stack.traces.complete(stack.ledger, [one.key for one in stack.topology.replicas])
            latencies = sorted(stack.ledger.latencies(stream))
            spans = sum(1 for one in stack.ledger.spans if one.request_id.startswith(f"{stream:08x}"))
    return Seen(
        (after - before) / COUNT * 1e6,
        (own_after - own) / COUNT * 1e6,
        latencies[len(latencies) // 2],
        spans / COUNT,
    )


async def _load(stack: Stack, count: int) -> int:
    url = stack.entry_url("departures")
    request = RequestSpec("GET", "/flights/NH10")
    running = await stack.begin("bench", url, "departures", [request], RATE, count=count)
    await running.done()
    await stack.settled([running.stream.id])
    return running.stream.id


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
