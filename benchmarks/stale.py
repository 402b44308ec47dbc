"""Answers of an old policy after the barrier: a client in a process of its own asks without a pause."""

from __future__ import annotations

import asyncio
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from chaosmesh.envoy import translate
from chaosmesh.mesh import Mesh, RequestFault
from tests.integration.live import Live, live
from tests.meshes import pair, route, topology

_FLIPS = 300
_HOLD_S = 0.02
STATUS = {"blue": 418, "green": 451}
"""Each arm's sidecar answers with a status of its own, so that no application is in the way."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What was seen: answers that could be judged, and those of an old policy."""

    flips: int
    judged: int
    stale: int


def run() -> list[Row]:
    """No answer may come from a policy that a later one had replaced before the request was sent."""
    seen = asyncio.run(measure(_FLIPS))
    figure = f"stale answers after the barrier, {seen.flips} changes, {seen.judged:,} requests"
    return [Row(figure, str(seen.stale), "0", "0", 2.0 if seen.stale or not seen.judged else 0.0)]


async def measure(flips: int) -> Stale:
    """Turns one route back and forth under a request loop."""
    faults = [
        RequestFault(arm, "front", "color", 1.0, 1, status=status, workload=arm)
        for arm, status in STATUS.items()
    ]
    first = _to("blue")
    async with live(first, lambda subnet: topology(first, subnet), faults=faults, serve=()) as running:
        return await _flip(running, faults, flips)


async def _flip(running: Live, faults: list[RequestFault], flips: int) -> Stale:
    egress = running.topology.egress("front", "color")
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("_loop.py")), egress.address, str(egress.ports[0])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    begins, ends, arms = [], [], []
    for flip in range(flips):
        arm = ("green", "blue")[flip % 2]
        await running.plane.push(translate(_to(arm), running.topology, faults=faults))
        begins.append(time.monotonic_ns())
        await asyncio.sleep(_HOLD_S)  # what is measured: how the answers look while nothing changes
        ends.append(time.monotonic_ns())
        arms.append(arm)
    out, _ = await client.communicate(b"")
    return _judge(np.frombuffer(out, dtype=np.int64).reshape(-1, 3).tolist(), begins, ends, arms)


def _judge(answers: list[list[int]], begins: list[int], ends: list[int], arms: list[str]) -> Stale:
    judged = stale = 0
    for sent, answered, status in answers:
        index = bisect_right(begins, sent) - 1
        if index >= 0 and answered < ends[index]:
            judged += 1
            stale += status != STATUS[arms[index]]
    return Stale(len(begins), judged, stale)


def _to(arm: str) -> Mesh:
    return pair(
        route("color", "all", {"blue": int(arm == "blue"), "green": int(arm == "green")}),
        arms=("blue", "green"),
    )
