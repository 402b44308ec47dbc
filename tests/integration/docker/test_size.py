"""Twenty workloads in containers: how long until they serve, and what they hold of this machine's memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import probe
from tests.integration.patience import PATIENCE
from tests.meshes import mesh, route, service, workload

from .pods import labelled

pytestmark = pytest.mark.integration

WORKLOADS = 20
WITHIN_S = 60.0
MOST_MB = 3000
QUIET = 2.0
"""The load average above which no time is held against anybody."""


def fan(count: int) -> Mesh:
    """One front that calls all others, of which each is called once."""
    leaves = [f"leaf-{number}" for number in range(count - 1)]
    return mesh(
        [workload("front", *(f"{one}.local" for one in leaves)), *map(workload, leaves)],
        [service(f"{one}.local", route(f"{one}.local", "all", {one: 1})) for one in leaves],
    )


def processes(engine: DockerClient, run: str) -> Iterator[int]:
    """Every process of a run: in its containers, and the engine's own one beside each."""
    for one in engine.containers.list(filters={"label": f"chaosmesh={run}"}):
        yield from (int(row[1]) for row in one.top(ps_args="-eo user,pid")["Processes"])
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _shim_of(entry, str(one.id)):
                yield int(entry.name)


def _shim_of(entry: Path, container: str) -> bool:
    try:
        line = (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return b"containerd-shim" in line and container.encode() in line


def held_mb(pids: Iterator[int]) -> float:
    """Their proportional part of this machine's memory."""
    total = 0
    for pid in set(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


@pytest.mark.timeout(600)
def test_twenty_workloads_are_up_soon_and_hold_little(
    docker_engine: DockerClient, docker_images: dict[str, str], tmp_path: Path
) -> None:
    """One replica each: 62 containers."""
    scenario = load_scenario(None).model_copy(update={"workloads": _single(WORKLOADS)})
    before = os.getloadavg()[0]

    async def body() -> tuple[float, float, int]:
        stack = Stack(fan(WORKLOADS), scenario, RunFolder.create(tmp_path, "size"), load=False, kind="docker")
        began = time.monotonic()
        async with stack:
            front = stack.topology.replicas_of("front")[0]
            status, body = await probe.request("GET", front.door or front.sidecar, 8080, "/", within=PATIENCE)
            took = time.monotonic() - began
            assert status == 200, body
            count = len(docker_engine.containers.list(filters={"label": f"chaosmesh={stack.run}"}))
            held = await asyncio.to_thread(lambda: held_mb(processes(docker_engine, stack.run)))
            print(f"{count} containers: first answer after {took:.1f} s, {held:.0f} MB, load {before:.1f}")
        assert labelled(docker_engine, stack.run) == []
        return took, held, count

    took, held, count = asyncio.run(asyncio.wait_for(body(), 500))
    assert count == 3 * WORKLOADS + 2
    assert held <= MOST_MB
    if before < QUIET:
        assert took <= WITHIN_S


def _single(count: int) -> dict[str, object]:
    from chaosmesh.documents.workload_part import WorkloadPart

    one = WorkloadPart(replicas=1)
    return {"front": one, **{f"leaf-{number}": one for number in range(count - 1)}}
