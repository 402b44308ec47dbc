"""What every runtime does alike: starts a mesh, brings it to another one, watches its parts, and ends it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from chaosmesh.envoy import bootstrap
from chaosmesh.envoy.tracing import Tracing
from chaosmesh.errors import DeadlineError, EnvironmentFailedError, UsageError
from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import parts, probe
from chaosmesh.runtime.acts import CONFIG_PATH, START_TIMEOUT, TOKEN_HEADER, Acts
from chaosmesh.runtime.change import Change, Layer, plan
from chaosmesh.runtime.folder import workdir
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.layout import api_address
from chaosmesh.runtime.outside import Outside
from chaosmesh.runtime.parts import App, Part
from chaosmesh.runtime.toxiproxy import ToxiproxyClient
from chaosmesh.services.config import StandIn
from chaosmesh.services.program import Program

ADMIN_PORT = 9901
TOXIPROXY_PORT = 8474
STOP_TIMEOUT = 5.0
NOT_READY = "`ready` in the scenario file says what is waited for, and how long; the log is in the run folder"


class Runtime(Acts):
    """Everything that runs for one mesh. `on_down(part, status, meant)` hears of each part that ended, after the proxies in
    front of it were disabled; `meant`: a fault ended it."""

    def __init__(self, keeper: Keeper) -> None:
        self.on_down: Callable[[Part, int, bool], None] = lambda _part, _status, _meant: None
        self._keeper = keeper
        self._folder = workdir(keeper.run)
        self._token = secrets.token_hex(16)
        self._parts: dict[str, Part] = {}
        self._pids: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._disabling: dict[str, asyncio.Task[None]] = {}
        self._apps: dict[Replica, App] = {}
        self._leaving: set[str] = set()
        self._killed: set[str] = set()
        self._populated = self._stopping = False

    async def start(
        self,
        mesh: Mesh,
        topology: Topology,
        *,
        control_socket: str,
        apps: Mapping[str, App] | None = None,
        admit: Callable[[str], str] = lambda _key: "",
        tracing: Tracing | None = None,
        externals: Sequence[Outside] = (),
    ) -> None:
        """Starts every part, all at once; returns when they run and Toxiproxy has its proxies.

        `control_socket` is the path of the control plane's unix socket; `apps` says by node what runs there (default:
        a stand-in). `admit` gives the token of the sidecar with that key (`ControlPlane.admit`), `tracing` what the
        sidecars need to know of their tracer, `externals` are what is outside: reached before any application starts.
        UsageError before anything is started for what can't run.
        """
        self._mesh, self._topology, self._socket = mesh, topology, control_socket
        self._admit, self._tracing, self._externals = admit, tracing, tuple(externals)
        self._apps = parts.apps(mesh, topology, apps or {}, token=self._token)
        await self._prepare()
        proxies = asyncio.ensure_future(self._start_proxies(api_address(topology)))
        if self._externals:
            await proxies
        await asyncio.gather(proxies, *(self._start_replica(one) for one in topology.replicas))

    async def _prepare(self) -> None:
        """What must be there before anything starts."""

    async def _start_replica(self, replica: Replica) -> None:
        starting = [self._start_sidecar(replica)]
        if replica in self._apps:
            starting.append(self._start_app(replica))
        await asyncio.gather(*starting)

    async def started(self, within: float = START_TIMEOUT) -> None:
        """Until every sidecar's admin answers and every application accepts connections."""
        await asyncio.gather(self.awake(within), *(self._accepting(one, within) for one in self._apps))

    async def awake(self, within: float = START_TIMEOUT) -> None:
        """Until every sidecar's admin answers. EnvironmentFailedError with what one said last that ended."""
        await asyncio.gather(*(self._admin(one, None, within) for one in self._topology.replicas))

    async def ready(self, replicas: Sequence[Replica] | None = None, within: float = START_TIMEOUT) -> None:
        """Until the sidecars say they are ready, which needs a configuration from the control plane."""
        chosen = self._topology.replicas if replicas is None else replicas
        await asyncio.gather(*(self._admin(one, 200, within) for one in chosen))

    async def standing(self) -> None:
        """Until every stand-in answers; a program of the user's own may need the mesh for that."""
        ours = [one for one, app in self._apps.items() if isinstance(app, StandIn)]
        await asyncio.gather(*(self._accepting(one, START_TIMEOUT) for one in ours))

    async def serving(self) -> None:
        """Until every application serves: a stand-in that answers, a program that is ready by its own word."""
        await asyncio.gather(*(self._accepting(one, START_TIMEOUT) for one in self._apps))

    def change(self, mesh: Mesh, topology: Topology, known: Topology, apps: Mapping[str, App]) -> Change:
        """What another mesh at `topology` takes; nothing is started. `known`: every address the run ever used."""
        before = Layer(self._mesh, self._topology, self._apps)
        return plan(before, mesh, topology, known, apps, token=self._token)

    async def grow(self, change: Change) -> None:
        """Starts what comes with a change, beside everything that runs; returns when it accepts connections.

        `shrink` of the change completes it, `shrink` of its way back undoes it.
        """
        after = change.after
        self._mesh, self._topology = after.mesh, after.topology
        # What goes stays known until `shrink`.
        self._apps = {**{one: change.before.apps[one] for one in change.gone_apps}, **after.apps}
        await asyncio.gather(
            self.toxiproxy.populate(change.new_proxies),
            *(self._start_replica(one) for one in change.new_sidecars),
            *(self._start_app(one) for one in change.moved),
        )
        await self._keep_down(change)
        await asyncio.gather(
            *(self._admin(one, None, START_TIMEOUT) for one in change.new_sidecars),
            *(self._accepting(one, START_TIMEOUT) for one in change.new_apps),
        )

    async def shrink(self, change: Change) -> None:
        """Ends what a change leaves behind, at once."""
        after = change.after
        self._mesh, self._topology, self._apps = after.mesh, after.topology, dict(after.apps)
        gone = [Part("app", one) for one in change.gone_apps]
        gone += [Part("sidecar", one) for one in change.gone_sidecars]
        self._leaving |= {part.name for part in gone}
        await self.toxiproxy.remove(one.name for one in change.gone_proxies)
        await asyncio.gather(*(self._end(part.name) for part in gone))
        for part in gone:
            await self._forget(part)

    async def _keep_down(self, change: Change) -> None:
        """New proxies in front of what is down refuse connections like the old ones."""
        new = {one.name for one in change.new_proxies}
        for name in self._ended:
            if (replica := self._parts[name].replica) is not None:
                for proxy in new & set(parts.proxies_to(self._topology, replica)):
                    await self.toxiproxy.disable(proxy, f"down:{name}")

    async def _forget(self, part: Part) -> None:
        """An application that was down and is replaced no longer keeps the proxies of its replica shut."""
        was_down = self._ended.pop(part.name, None) is not None and part.name in self._disabling
        self._leaving.discard(part.name)
        self._parts.pop(part.name, None)
        self._pids.pop(part.name, None)
        self._disabling.pop(part.name, None)
        if was_down and part.replica is not None:
            for proxy in parts.proxies_to(self._topology, part.replica):
                await self.toxiproxy.enable(proxy, f"down:{part.name}")

    async def attached(self, node: str, container: Any, port: int | None) -> Program:  # noqa: ARG002 (docker's)
        """The user's own container as what runs behind a node; nothing is started. UsageError where that can't be."""
        raise UsageError(
            f"attach: {container!r} needs a network of containers, and {node} runs in processes",
            hint="--runtime docker (pytest: --chaos-runtime docker)",
        )

    def shown(self, replica: Replica) -> Any:
        """What the application of a replica is in the user's own tool."""
        raise UsageError(f"{replica.key} is a process")

    async def swap(self, topology: Topology, wanted: Mapping[str, App]) -> None:
        """Puts other applications in the place of those of some nodes, which end first: for a while nobody serves. The
        sidecars must be told of `topology` afterwards."""
        new = parts.apps(self._mesh, topology, wanted, token=self._token)
        leaving = [one for one in self._apps if one.node in wanted]
        for one in leaving:
            part = Part("app", one)
            self._leaving.add(part.name)
            await self._end(part.name)
            await self._forget(part)
        kept = {one: app for one, app in self._apps.items() if one.node not in wanted}
        coming = {one: app for one, app in new.items() if one.node in wanted}
        self._topology, self._apps = topology, {**kept, **coming}
        await asyncio.gather(*(self._start_app(one) for one in coming))

    async def stop(self) -> None:
        """Ends every part of the mesh (the keeper stays) and removes the temporary folder. Safe to call twice."""
        self._stopping = True
        running = [name for name in self._parts if name not in self._ended]
        await asyncio.gather(*(self._end(name) for name in running))
        await asyncio.gather(*self._disabling.values(), return_exceptions=True)
        if self._populated:
            await self.toxiproxy.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _start_proxies(self, host: str) -> None:
        part = Part("toxiproxy")
        await self._start_toxiproxy(host)
        self.toxiproxy = ToxiproxyClient(host, TOXIPROXY_PORT)
        await self._until(
            part, lambda: probe.answers(host, TOXIPROXY_PORT, "/version", status=200), START_TIMEOUT
        )
        outside = [one.behind(await self._reach(one)) for one in self._externals]
        await self.toxiproxy.populate([*parts.proxies(self._topology), *outside])
        self._populated = True

    async def _reach(self, one: Outside) -> str:
        """Where Toxiproxy finds something outside, as "address:port"."""
        return f"{one.host}:{one.port}"

    def _bootstrap(self, replica: Replica, control_socket: str) -> str:
        """The file that a sidecar starts from, with a new token: nobody else may read it."""
        config = bootstrap(
            replica,
            mesh=self._mesh.name,
            control_socket=control_socket,
            gateway=self._mesh.workload(replica.node).gateway,
            token=self._admit(replica.key),
            tracing=self._tracing,
        )
        return json.dumps(config)

    def _started(self, part: Part) -> None:
        """A part is about to start."""
        self._parts[part.name] = part
        self._ended.pop(part.name, None)
        self._killed.discard(part.name)

    # conditions

    async def _admin(self, replica: Replica, status: int | None, within: float) -> None:
        part = Part("sidecar", replica)
        await self._until(
            part, lambda: probe.answers(replica.sidecar, ADMIN_PORT, "/ready", status=status), within
        )

    async def _accepting(self, replica: Replica, within: float) -> None:
        """A stand-in is known by its token: another program may hold the port, and accept too."""
        app, headers = self._apps[replica], {TOKEN_HEADER: self._token}
        if not isinstance(app, StandIn):
            await self._ready(replica, app)
            return
        for host, port, _ in app.listen:
            look = partial(probe.answers, host, port, CONFIG_PATH, status=200, headers=headers)
            await self._until(Part("app", replica), look, within)

    async def _ready(self, replica: Replica, program: Program) -> None:
        """Until a program serves; else an error with what it said last."""
        try:
            await self._serving(replica, program)
        except DeadlineError as error:
            tail = await asyncio.to_thread(self.tail, Part("app", replica))
            raise EnvironmentFailedError(
                f"{error.message}\n{tail}", where=program.where, hint=NOT_READY
            ) from None
        except EnvironmentFailedError as error:
            error.where = error.where or program.where
            raise

    async def _until(self, part: Part, look: Callable[[], Awaitable[str]], within: float) -> None:
        async def alive_and_true() -> str:
            if part.name in self._ended:
                raise EnvironmentFailedError(
                    f"{part.name} ended with status {self._ended[part.name]}: {self.tail(part)}",
                    hint=f"all that it wrote is in the run folder, logs/{part.name}.log",
                )
            return await look()

        await probe.until(part.name, alive_and_true, within=within)

    @abstractmethod
    async def _serving(self, replica: Replica, program: Program) -> None:
        """Until a workload's own program is ready, by its own word and within its own time."""

    def _log(self, part: Part) -> Path:
        return self._keeper.folder / "logs" / f"{part.name}.log"

    def tail(self, part: Part, most: int = 1500) -> str:
        """The last characters of what a part has written."""
        path = self._log(part)
        text = path.read_text(errors="replace").strip() if path.is_file() else ""
        return text[-most:] or f"nothing in {os.fspath(path)}"

    # ends

    async def _gone(self, name: str) -> None:
        async def look() -> str:
            return "" if name in self._ended else f"{name} (pid {self._pids.get(name)}) still runs"

        await probe.until(f"{name} is gone", look, within=START_TIMEOUT)
        if task := self._disabling.get(name):
            await task

    def _exited(self, name: str, status: int) -> None:
        part = self._parts.get(name)
        if part is None:
            return
        self._ended[name] = status
        if self._populated and not self._stopping and name not in self._leaving:
            self._disabling[name] = asyncio.get_running_loop().create_task(self._disable(part, status))

    async def _disable(self, part: Part, status: int) -> None:
        if part.replica is not None:
            for proxy in parts.proxies_to(self._topology, part.replica):
                await self.toxiproxy.disable(proxy, f"down:{part.name}")
        self.on_down(part, status, part.name in self._killed)
