"""From a changed policy to "in force everywhere": translation, sending, acknowledgements of real sidecars."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.row import Row
from chaosmesh.envoy import translate
from chaosmesh.mesh import Mesh
from tests.integration.live import Live, live
from tests.meshes import mesh, route, service, topology, workload

_CHANGES = 100
_CLUSTER_CHANGES = 30


def run() -> list[Row]:
    """Route changes on 5 and 20 sidecars, cluster changes on 20; the floor is one sidecar in the same run."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    one = await measure(1, _CHANGES, weights)
    five = await measure(5, _CHANGES, weights)
    twenty = await measure(20, _CHANGES, weights)
    one_cluster = await measure(1, _CLUSTER_CHANGES, limits)
    clusters = await measure(20, _CLUSTER_CHANGES, limits)
    return [
        _row("route change, 5 sidecars", five, one, 25),
        _row("route change, 20 sidecars", twenty, one, 60),
        _row("cluster change, 20 sidecars", clusters, one_cluster, 200),
    ]


def weights(made: Mesh, number: int) -> Mesh:
    """Another weight on the one route: every sidecar's routes change, nothing else."""
    color = made.service("color")
    first, second = color.routes[0].targets
    targets = (replace(first, weight=number % 97 + 1), second)
    return replace(made, services=(replace(color, routes=(replace(color.routes[0], targets=targets),)),))


def limits(made: Mesh, number: int) -> Mesh:
    """Another limit: every cluster of every sidecar changes."""
    return replace(made, breaker=replace(made.breaker, max_requests=1000 + number))


async def measure(sidecars: int, changes: int, change: Callable[[Mesh, int], Mesh]) -> list[float]:
    """Milliseconds of each change, translation included."""
    made = crowd(sidecars)
    started = [one.name for one in made.workloads[:sidecars]]
    async with live(made, lambda subnet: topology(made, subnet), only=started, serve=()) as running:
        return [await _timed(running, change(made, number + 1), started) for number in range(changes)]


def crowd(sidecars: int) -> Mesh:
    """Workloads that all call the same two."""
    names = [f"w{n}" for n in range(max(sidecars, 2))]
    color = service("color", route("color", "split", {names[0]: 50, names[1]: 50}))
    return mesh([workload(one, "color") for one in names], [color])


async def _timed(running: Live, made: Mesh, started: list[str]) -> float:
    begin = time.perf_counter()
    snapshots = translate(made, running.topology)
    await running.plane.push({key: one for key, one in snapshots.items() if key.rsplit(".", 1)[0] in started})
    return (time.perf_counter() - begin) * 1e3


def _row(figure: str, taken: list[float], floor: list[float], reach: float) -> Row:
    p50, p99 = np.percentile(taken, [50, 99])
    least = np.percentile(floor, 50)
    measured = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return Row(
        f"{figure} → in force", measured, f"p99 ≤ {reach:g} ms", f"1 sidecar: {least:.1f} ms", p99 / reach
    )
