"""Real sidecars on leased loopback addresses, with small applications inside the test's own process."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web

from chaosmesh.envoy import (
    AccessRow,
    ControlPlane,
    Push,
    Secret,
    Snapshot,
    bootstrap,
    command,
    places,
    translate,
)
from chaosmesh.envoy.tracing import Tracing, traced
from chaosmesh.ledger.spans import Spans
from chaosmesh.mesh import Mesh, Replica, RequestFault, Topology

Answer = Callable[[Replica, web.Request], Awaitable[web.StreamResponse]]


def lease() -> tuple[str, socket.socket]:
    """A subnet 127.R of its own, held by an abstract socket until that is closed."""
    for number in range(200, 250):
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0chaosmesh-127.{number}")
        except OSError:
            holder.close()
            continue
        return f"127.{number}", holder
    raise RuntimeError("no free loopback subnet: 50 runs at once?")


@dataclass
class Live:
    """A mesh that runs."""

    plane: ControlPlane
    topology: Topology
    http: ClientSession
    folder: Path
    rows: list[AccessRow] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    tracing: Tracing | None = None
    spans: Spans = field(default_factory=Spans)

    async def put(
        self,
        mesh: Mesh,
        faults: Sequence[RequestFault] = (),
        *,
        secrets: Mapping[str, Secret] | None = None,
    ) -> Push:
        return await self.plane.push(self.snapshots(mesh, faults, secrets), timeout=30, places=places(mesh))

    def snapshots(
        self, mesh: Mesh, faults: Sequence[RequestFault] = (), secrets: Mapping[str, Secret] | None = None
    ) -> dict[str, Snapshot]:
        made = translate(mesh, self.topology, faults=faults, secrets=secrets, logs=self.folder)
        if self.tracing is None:
            return made
        return {one.key: traced(made[one.key], mesh, one, self.tracing) for one in self.topology.replicas}

    def egress(self, client: str, service: str) -> str:
        one = self.topology.egress(client, service)
        return f"http://{one.address}:{one.ports[0]}"

    def take(self, rows: list[AccessRow]) -> None:
        self.rows.extend(rows)
        self.moved.set()

    async def rows_until(
        self, enough: Callable[[list[AccessRow]], bool], within: float = 60
    ) -> list[AccessRow]:
        try:
            async with asyncio.timeout(within):
                while not enough(self.rows):
                    self.moved.clear()
                    await self.moved.wait()
        except TimeoutError:
            raise AssertionError(
                f"rows did not come in {within} s; last seen: {len(self.rows)} rows"
            ) from None
        return self.rows

    async def spawn(self, replica: Replica, mesh: Mesh, token: str | None = None) -> None:
        config = self.folder / f"{replica.key}.json"
        config.write_text(
            json.dumps(
                bootstrap(
                    replica,
                    mesh=mesh.name,
                    control_socket=str(self.folder / "control.sock"),
                    gateway=mesh.workload(replica.node).gateway,
                    token=self.plane.admit(replica.key) if token is None else token,
                    tracing=self.tracing,
                )
            )
        )
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.folder / f"{replica.key}.log").open("ab") as log:
            self.processes[replica.key] = await asyncio.create_subprocess_exec(
                *guard, *command(config), stdout=log, stderr=log
            )

    async def kill(self, key: str) -> None:
        process = self.processes.pop(key)
        process.kill()
        await process.wait()


async def colors(replica: Replica, request: web.Request) -> web.Response:
    """Answers with what arrived."""
    return web.json_response(
        {"node": replica.node, "replica": replica.index, "headers": dict(request.headers)}
    )


@asynccontextmanager
async def live(
    mesh: Mesh,
    make_topology: Callable[[str], Topology],
    answer: Answer = colors,
    *,
    faults: Sequence[RequestFault] = (),
    only: Sequence[str] | None = None,
    serve: Sequence[str] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    tracing: Callable[[str], Tracing] | None = None,
) -> AsyncIterator[Live]:
    """The mesh with real Envoys; `only`: the workloads that get one; `serve`: those with an application; `tracing`:
    which tracer they have, by the subnet."""
    subnet, holder = lease()
    topology = make_topology(subnet)
    folder = Path(tempfile.mkdtemp(prefix=f"cm{os.getpid()}-", dir="/tmp"))
    plane = ControlPlane()
    runners = [
        await _application(one, mesh, answer)
        for one in topology.replicas
        if serve is None or one.node in serve
    ]
    session = ClientSession(connector=TCPConnector(limit=0))
    run = Live(plane, topology, session, folder, tracing=tracing(subnet) if tracing else None)
    plane.on_rows = run.take
    plane.on_spans = lambda sidecar, message: run.spans.add("otel", sidecar, message)
    try:
        await plane.start(folder / "control.sock")
        started = [one for one in topology.replicas if only is None or one.node in only]
        for one in started:
            await run.spawn(one, mesh)
        snapshots = run.snapshots(mesh, faults, secrets)
        await plane.push({one.key: snapshots[one.key] for one in started}, timeout=60)
        yield run
    finally:
        await session.close()
        for key in list(run.processes):
            await run.kill(key)
        await plane.stop()
        for runner in runners:
            await runner.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
        holder.close()


async def _application(replica: Replica, mesh: Mesh, answer: Answer) -> web.AppRunner:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(replica, request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    for listener in mesh.workload(replica.node).listeners:
        await web.TCPSite(runner, replica.app, listener.port).start()
    return runner
