"""Another mesh in the place of a running one, under load."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import ChaosMeshError
from chaosmesh.faults import Down, Latency
from chaosmesh.load import RequestSpec
from chaosmesh.mesh import Listener, Mesh
from chaosmesh.runtime import probe
from tests import meshes
from tests.integration.patience import PATIENCE
from tests.integration.runtime import outside

pytestmark = [pytest.mark.integration]

COLOR = meshes.service("color", meshes.route("color", "all", {"blue": 1}))
SHADE = meshes.service("shade", meshes.route("shade", "all", {"green": 1}))
ONE = meshes.mesh([meshes.workload("front", "color"), meshes.workload("blue")], [COLOR])
GREEN_TOO = meshes.mesh(
    [meshes.workload("front", "color"), meshes.workload("blue"), meshes.workload("green")],
    [meshes.service("color", meshes.route("color", "all", {"blue": 1, "green": 1}))],
)
TWO_CALLS = meshes.mesh(
    [meshes.workload("front", "color", "shade"), meshes.workload("blue"), meshes.workload("green")],
    [COLOR, SHADE],
)


@asynccontextmanager
async def running(mesh: Mesh, folder: Path, *, load: bool = True) -> AsyncIterator[Stack]:
    run = RunFolder.create(folder, "stack")
    async with Stack(mesh, load_scenario(None), run, load=load) as stack:
        yield stack
    assert outside.left(stack.run, stack.topology.subnet) == ""


@dataclass
class Load:
    """Requests at the door, all the time."""

    stack: Stack
    stream: int
    answered: int = 0

    async def more(self, count: int) -> None:
        """Until that many more were answered."""
        goal = self.answered + count
        await self.stack.bell.until(
            lambda: "" if self.answered >= goal else f"{self.answered} of {goal}", seconds=60, what="answers"
        )


@asynccontextmanager
async def loaded(stack: Stack) -> AsyncIterator[Load]:
    """Fails if a single request does not get its 200."""
    statuses: dict[int, int] = {}
    made = Load(stack, 0)

    def count(records) -> None:
        for one in records:
            statuses[one.status] = statuses.get(one.status, 0) + 1
        made.answered += len(records)

    running = await stack.begin(
        "load", stack.entry_url("front"), "front", [RequestSpec()], 150, duration=120, on_records=count
    )
    made.stream = running.stream.id
    try:
        await made.more(50)
        yield made
        await made.more(50)
    finally:
        running.stop()
        await running.done()
    assert statuses.keys() == {200}, statuses
    await stack.settled([made.stream], 60)


def nodes_that_answered(stack: Stack, stream: int, service: str) -> set[str]:
    return {a.server for c in stack.ledger.calls(stream, "front", service) for a in c.attempts if a.server}


def test_nodes_come_and_go_under_load_and_what_stays_is_left_alone(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(ONE, tmp_path) as stack, loaded(stack) as load:
            pids, before = set(stack.pids()), stack.topology
            await stack.apply(GREEN_TOO)
            await load.more(50)
            assert pids < set(stack.pids())
            assert set(before.replicas) < set(stack.topology.replicas)
            assert set(before.proxies) < set(stack.topology.proxies)
            assert {one.node for one in stack.topology.replicas} == {"front", "blue", "green"}
            await stack.apply(ONE)
            assert set(stack.pids()) == pids
            assert stack.topology == before
            assert {one for one in await stack.runtime.toxiproxy.state() if "green" in one} == set()
            for color in ("green", "blue"):
                await stack.apply(replace(GREEN_TOO, services=(_only(color),)))
                await load.more(20)

    asyncio.run(main())


def _only(color: str):
    return meshes.service("color", meshes.route("color", "all", {color: 1}))


def test_a_new_call_starts_the_application_anew_beside_the_old_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(ONE, tmp_path) as stack, loaded(stack) as load:
            front = stack.topology.replicas_of("front")[0]
            sidecar, app = (stack.runtime.pid(front, role) for role in ("sidecar", "app"))
            await stack.apply(TWO_CALLS)
            moved = stack.topology.replicas_of("front")[0]
            assert (moved.sidecar, moved.door) == (front.sidecar, front.door)
            assert stack.runtime.pid(moved, "sidecar") == sidecar
            assert stack.runtime.pid(moved, "app") != app
            assert not _alive(app)
            await load.more(50)
            await stack.apply(ONE)
            await load.more(50)
            assert {one.node for one in stack.topology.replicas} == {"front", "blue"}

    asyncio.run(main())


def test_a_port_comes_and_another_goes_under_load(tmp_path: Path) -> None:
    def moved_to(port: int) -> Mesh:
        blue = replace(meshes.workload("blue"), listeners=(Listener(port, "http"),))
        return meshes.mesh([meshes.workload("front", "color"), blue], [COLOR])

    async def main() -> None:
        async with running(ONE, tmp_path) as stack, loaded(stack) as load:
            for port in (9090, 8080):
                await stack.apply(moved_to(port))
                await load.more(50)
                names = [one for one in await stack.runtime.toxiproxy.state() if one.startswith("front>blue")]
                assert {name.rpartition(":")[2] for name in names} == {str(port)}

    asyncio.run(main())


def test_a_mesh_grows_from_nothing_and_shrinks_to_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        nothing = meshes.mesh([], [], name="mesh")
        async with running(nothing, tmp_path, load=False) as stack:
            assert stack.pids() == []
            for _ in range(2):
                await stack.apply(ONE)
                door = stack.topology.replicas_of("front")[0].door
                assert door is not None
                assert (await probe.request("GET", door, 8080, "/", within=PATIENCE))[0] == 200
                await stack.apply(nothing)
                assert stack.pids() == []

    asyncio.run(main())


def test_what_is_refused_leaves_nothing_and_the_mesh_before_in_force(tmp_path: Path) -> None:
    broken = meshes.mesh(
        [meshes.workload("front", "color", "shade"), meshes.workload("blue"), meshes.workload("green")],
        [COLOR, meshes.service("shade", meshes.route("shade", "all", {"green": 0, "blue": 0}))],
    )

    async def main() -> None:
        async with running(ONE, tmp_path) as stack, loaded(stack) as load:
            pids, topology = set(stack.pids()), stack.topology
            with pytest.raises(ChaosMeshError, match="refused"):
                await stack.apply(broken)
            assert (set(stack.pids()), stack.topology, stack.mesh) == (pids, topology, ONE)
            assert {one for one in await stack.runtime.toxiproxy.state() if "green" in one} == set()
            await load.more(20)
            await stack.apply(TWO_CALLS)

    asyncio.run(main())


def test_a_server_that_joins_an_edge_under_a_fault_gets_it_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(ONE, tmp_path, load=False) as stack:
            edge = ("front", "color")
            down, slow = Down("down", edge), Latency("slow", edge, 5)
            await down.apply(stack.site)
            await stack.apply(GREEN_TOO)
            assert not any(one.enabled for one in (await stack.runtime.toxiproxy.state()).values())
            await down.heal(stack.site)
            assert all(one.enabled for one in (await stack.runtime.toxiproxy.state()).values())
            await slow.apply(stack.site)
            await stack.apply(ONE)
            await slow.heal(stack.site)
            await stack.apply(GREEN_TOO)
            assert not any(one.toxics for one in (await stack.runtime.toxiproxy.state()).values())

    asyncio.run(main())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
