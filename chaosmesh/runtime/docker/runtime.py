"""The docker runtime: every part of a mesh is a container of one network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaosmesh.envoy import command
from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import drain
from chaosmesh.runtime.change import Change, Layer
from chaosmesh.runtime.docker import images, outside, prometheus, severed, specs, workloads
from chaosmesh.runtime.docker.containers import Containers
from chaosmesh.runtime.docker.events import Ends
from chaosmesh.runtime.docker.guests import Guests
from chaosmesh.runtime.docker.ready import Readiness
from chaosmesh.runtime.docker.specs import Spec
from chaosmesh.runtime.hands import State
from chaosmesh.runtime.heal import Heal
from chaosmesh.runtime.keeper_client import Keeper
from chaosmesh.runtime.parts import App, Part
from chaosmesh.runtime.runtime import STOP_TIMEOUT, TOXIPROXY_PORT
from chaosmesh.services.config import StandIn
from chaosmesh.services.placeholders import filled
from chaosmesh.services.program import Program

if TYPE_CHECKING:
    from chaosmesh.runtime.docker.network import Bridge

AT_ONCE = 8
_LINE = 50  # characters of a line of a log, at least
"""Commands that the engine gets side by side; more only wait for each other in it."""


class DockerRuntime(Guests):
    """Pods of a holder, a sidecar and an application, and Toxiproxy in a network of its own."""

    def __init__(self, keeper: Keeper, network: Bridge) -> None:
        super().__init__(keeper)
        self._network = network
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chaosmesh-docker")
        self._containers = Containers(network.client, keeper.run, network.name)
        self._ends = Ends(
            network.client, keeper.run, self._exited, self._lost, meant=self._containers.dismissed
        )
        self._pods: dict[str, Spec] = {}

    def tables(self) -> Collection[Path]:
        """That of each pod, seen through a process in it; none where the engine runs on another machine."""
        holders = (pid for name, pid in self._pids.items() if name.startswith("holder"))
        return [Path(f"/proc/{pid}/net/tcp") for pid in holders]

    def clients(self, servers: Collection[tuple[str, int]]) -> frozenset[tuple[bytes, bytes]]:
        """Of all pods."""
        return drain.clients({f"{host}:{port}" for host, port in servers}, self.tables())

    def prometheus_hands(self, subnet: str) -> prometheus.ContainerHands:
        """A container."""
        logs = self._keeper.folder / "logs"
        return prometheus.ContainerHands(self._network.client, self._containers, subnet, logs, self._do)

    async def _prepare(self) -> None:
        """Images first: a missing one is told before anything runs."""
        plane = Path(self._socket).parent
        plane.chmod(0o755)  # sidecars are other users; the folder above is closed to everybody else
        client = self._network.client
        self._images = await self._do(partial(images.require, client, images.OF_A_MESH))
        own = [one for one in self._apps.values() if isinstance(one, Program)]
        own += [Program(one.name, image=one.image, where=one.where) for one in self._externals if one.image]
        self._own = await self._do(partial(workloads.images, client, own))

    async def stop(self) -> None:
        """Keeps every container's log, and removes them all."""
        self._stopping = True
        await asyncio.gather(*(self._keep_log(one) for one in self._containers.names()))
        await super().stop()
        self._let_go()
        self._ends.close()
        self._pool.shutdown()

    async def grow(self, change: Change) -> None:
        """Pods that stay learn the names and addresses that come, before anything uses them."""
        await self._lead_all(change.after)
        await super().grow(change)

    async def shrink(self, change: Change) -> None:
        """On the way back they forget them again."""
        await super().shrink(change)
        await self._lead_all(change.after)

    async def _lead_all(self, layer: Layer) -> None:
        """Gives every pod that runs the rules and names that it shall have, where it has others."""
        wanted = {
            one.key: self._pod(layer.mesh, layer.topology, one, layer.apps) for one in layer.topology.replicas
        }
        other = [key for key, pod in wanted.items() if self._pods.get(key, pod) != pod]
        await asyncio.gather(*(self._do(self._lead, wanted[key]) for key in other))
        self._pods |= {key: wanted[key] for key in other}

    def _pod(self, mesh: Mesh, topology: Topology, replica: Replica, apps: Mapping[Replica, App]) -> Spec:
        pod = specs.pod(mesh, topology, replica, self._images["sidecar"], apps.get(replica))
        return outside.knowing(pod, self._externals)

    def _lead(self, pod: Spec) -> None:
        """Gives a running pod other rules and names."""
        holder = pod.part.name
        for words, env in (
            (["capture"], {**pod.env, "CAPTURE_HOLD": "off"}),
            (["sh", "-c", severed.WRITE_NAMES, specs.hosts_file(pod)], {}),
        ):
            code, output = self._containers.run_inside(holder, words, env=env, user="0")
            if code:
                raise EnvironmentFailedError(f"{holder} did not take other addresses: {output.strip()}")

    async def _start_replica(self, replica: Replica) -> None:
        pod = self._pod(self._mesh, self._topology, replica, self._apps)
        await self._run(pod)
        self._pods[replica.key] = pod
        await super()._start_replica(replica)

    async def _start_sidecar(self, replica: Replica) -> None:
        config = self._bootstrap(replica, f"{specs.PLANE}/{Path(self._socket).name}")
        argv = ("envoy", *command(Path(specs.BOOTSTRAP))[1:])
        plane, logs = str(Path(self._socket).parent), self._access_logs(replica)
        await self._run(specs.sidecar(replica, self._images["sidecar"], argv, config.encode(), plane, logs))

    async def _start_toxiproxy(self, host: str) -> None:
        holder = specs.proxy_holder(self._topology, self._images["sidecar"], TOXIPROXY_PORT)
        await self._run(outside.opened(holder, self._externals, self._network.subnet))
        await self._run(specs.toxiproxy(self._images["toxiproxy"], host, TOXIPROXY_PORT))

    async def _start_app(self, replica: Replica) -> None:
        app = self._apps[replica]
        if isinstance(app, StandIn):
            await self._run(specs.standin(replica, self._images["standin"], app))
        elif app.container:
            await self._receive(Part("app", replica), app)
        else:
            await self._run(specs.program(replica, self._own[app.node], app))

    async def _run(self, spec: Spec) -> None:
        self._started(spec.part)
        self._pids[spec.part.name] = await self._do(self._containers.start, spec)

    def _access_logs(self, replica: Replica) -> str:
        """The folder where the sidecar, which runs as another user, writes the log of its documents; "" for none."""
        folder = self._keeper.folder.resolve() / "logs" / "access" / replica.key
        if not folder.is_dir():
            return ""
        folder.chmod(0o777)
        return os.fspath(folder)

    async def _serving(self, replica: Replica, program: Program) -> None:
        """By its own word, or a port that accepts; asked from within its own network."""
        part = Part("app", replica)
        if program.container:
            await self._until(part, partial(self._accepted, replica, program), program.ready.within)
            return
        told = filled(program, specs.EVERYWHERE, replica.sidecar)
        look = Readiness(self._containers, replica, told).look
        await self._until(part, partial(self._do, look), program.ready.within)

    async def _end(self, name: str) -> None:
        if self._stopping:
            await self._do(self._containers.stop, name, 0)
            return
        await self._keep_log(name)
        await self._do(self._containers.stop, name, STOP_TIMEOUT)
        part = self._parts.get(name)
        if part and part.role == "sidecar":
            holder = Part("holder", part.replica).name
            self._leaving.add(holder)
            await self._do(self._containers.stop, holder, 0)
            self._parts.pop(holder, None)
            self._pids.pop(holder, None)
            self._pods.pop(part.replica.key if part.replica else "", None)
            self._leaving.discard(holder)

    async def _kill(self, name: str) -> None:
        await self._do(self._containers.kill, name)

    async def _freeze(self, name: str) -> None:
        await self._do(self._containers.pause, name)

    async def _thaw(self, name: str) -> None:
        await self._do(self._containers.unpause, name)

    def _heal_freeze(self, name: str) -> Heal:
        path = f"{self._containers.path_of(name)}/unpause"
        return Heal.engine("POST", path, socket=self._network.socket, fine=(409, 500))

    async def _state(self, name: str) -> State:
        state: State = await self._do(self._containers.state, name)
        return state

    async def _keep_log(self, name: str) -> None:
        await self._do(self._containers.keep_log, name, self._keeper.folder / "logs" / f"{name}.log")

    def tail(self, part: Part, most: int = 1500) -> str:
        """The last characters of what a part has written."""
        return self._containers.log(part.name, most // _LINE).strip()[-most:] or f"{part.name} wrote nothing"

    def _lost(self, why: str) -> None:
        self._keeper.give_up(why)

    async def _do(self, act: Any, *arguments: Any) -> Any:
        """In a thread of our own: the engine's client blocks."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, act, *arguments)
        except OSError as error:
            raise EnvironmentFailedError(
                f"the Docker engine does not answer any more: {error}",
                hint="look whether it runs: docker info",
            ) from error
