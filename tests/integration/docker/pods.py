"""A mesh in containers for the tests of one module, and looks at it from outside: by the engine and its labels."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient

from chaosmesh.documents.scenario import Scenario, load_scenario
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.stack import Stack
from chaosmesh.ledger import Call
from chaosmesh.mesh import Mesh, Replica
from chaosmesh.runtime import probe
from chaosmesh.runtime.parts import Part, Role
from chaosmesh.services.program import Program
from tests.integration.patience import PATIENCE

RUN, PART = "chaosmesh", "chaosmesh.part"

ASK = """
import json, sys, urllib.error, urllib.request
url, headers = sys.argv[1], json.loads(sys.argv[2])
try:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
except OSError as error:
    print(json.dumps([0, str(error)]))
"""
"""Any HTTP client: it knows a URL, and of no mesh."""


@dataclass(frozen=True)
class Pods:
    """A mesh that runs; `run` takes coroutines to its loop."""

    stack: Stack
    runner: asyncio.Runner
    engine: DockerClient

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def replica(self, node: str, index: int = 0) -> Replica:
        return self.stack.topology.replicas_of(node)[index]

    def container(self, node: str, role: Role = "app", index: int = 0) -> Any:
        """A container of a replica, as the engine knows it."""
        return only(self.engine, self.stack.run, Part(role, self.replica(node, index)).name)

    def inside(self, node: str, script: str, *args: str, index: int = 0) -> str:
        """What a Python script prints in the application's container."""
        command = ["python3", "-c", script, *args]
        code, out = self.container(node, index=index).exec_run(command)
        assert code == 0, out.decode()
        return str(out.decode().strip())

    def ask(self, node: str, url: str, **headers: str) -> tuple[int, str]:
        """Status (0: no answer) and body that a program beside a workload's sidecar gets."""
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        status, body = json.loads(self.inside(node, ASK, url, json.dumps(dashed)))
        return status, body

    def get(self, host: str, port: int, path: str = "/", **headers: str) -> tuple[int, str]:
        """What somebody on this machine gets."""
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        status, body = self.run(probe.request("GET", host, port, path, dashed, within=PATIENCE))
        return status, body.decode()

    def calls(
        self, client: str, service: str, enough: Callable[[list[Call]], bool], within: float = 20
    ) -> list[Call]:
        """The calls of an edge once there are enough of them in the ledger."""
        found: list[Call] = []

        async def look() -> str:
            found[:] = [one for one in self.stack.ledger.calls(None, client, service) if one.complete]
            return "" if enough(found) else f"{len(found)} calls"

        self.run(probe.until(f"rows of {client} > {service}", look, within=within))
        return found


def labelled(engine: DockerClient, run: str) -> list[str]:
    """Names of everything in the engine that carries the label of a run."""
    wanted = {"label": f"{RUN}={run}"}
    listed = [
        *engine.api.containers(all=True, filters=wanted),
        *engine.api.networks(filters=wanted),
        *(engine.api.volumes(filters=wanted)["Volumes"] or ()),
    ]
    return [str(one.get("Name") or one["Names"][0]) for one in listed]


def only(engine: DockerClient, run: str, part: str) -> Any:
    """The container of a part."""
    wanted = {"label": [f"{RUN}={run}", f"{PART}={part}"]}
    (found,) = engine.containers.list(all=True, filters=wanted)
    return found


@contextmanager
def pods(
    mesh: Mesh,
    folder: Path,
    engine: DockerClient,
    *,
    own: Mapping[str, Program] | None = None,
    scenario: Scenario | None = None,
    load: bool = False,
) -> Iterator[Pods]:
    """Starts a mesh in containers; nothing of it is left at the end."""
    with asyncio.Runner() as runner:
        stack = Stack(
            mesh,
            scenario or load_scenario(None),
            RunFolder.create(folder, "pods"),
            load=load,
            kind="docker",
            own=own,
        )
        try:
            runner.run(stack.__aenter__())
            try:
                yield Pods(stack, runner, engine)
            finally:
                runner.run(stack.__aexit__())
        finally:
            left = labelled(engine, stack.run)
            assert left == [], left
