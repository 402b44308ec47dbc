"""A running mesh: control plane, sidecars, stand-ins, generator and ledger, as one thing with a start and an end."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.calm import avoided, patience
from chaosmesh.engine.change import CONNECT_DEADLINE, put_in_force
from chaosmesh.engine.copies import Copies
from chaosmesh.engine.descriptors import Descriptors
from chaosmesh.engine.externals import externals, notes, told
from chaosmesh.engine.falls import Fall, Falls
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.generators import Generators
from chaosmesh.engine.metrics import Metrics
from chaosmesh.engine.rendering import layout_after, layout_of
from chaosmesh.engine.secrets import Secrets
from chaosmesh.engine.site import LiveSite
from chaosmesh.engine.standins import stand_ins
from chaosmesh.engine.streams import Streams
from chaosmesh.engine.traces import Choice, Traces, segments_at
from chaosmesh.engine.turns import Turns
from chaosmesh.envoy import AccessRow, ControlPlane, Push, Snapshot, filelog, places, translate
from chaosmesh.envoy.capture import captured
from chaosmesh.errors import DeadlineError, first_of
from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime import Keeper, Runtime, new_run, probe, workdir
from chaosmesh.runtime.folder import plane
from chaosmesh.runtime.kinds import Kind, network
from chaosmesh.runtime.layout import joined, new_app, served, with_programs
from chaosmesh.runtime.outside import Outside
from chaosmesh.runtime.parts import Part
from chaosmesh.runtime.prometheus import Hands
from chaosmesh.services.config import StandIn
from chaosmesh.services.program import Program

PUSH_DEADLINE = 30.0


class Stack(Streams):
    """Use it as ``async with Stack(…) as stack``. Faults act on its `site`.

    `mesh` is the policy in force, `topology` where everything listens, `ledger` what was seen.
    """

    mesh: Mesh
    topology: Topology
    keeper: Keeper
    runtime: Runtime

    def __init__(
        self,
        mesh: Mesh,
        scenario: Scenario,
        folder: RunFolder,
        *,
        load: bool = True,
        workers: int = 1,
        workers_bind: str = "",
        say: Callable[[str], None] = lambda _: None,
        kind: Kind = "process",
        own: Mapping[str, Program] | None = None,
        traces: Choice | None = None,
        ledger: Callable[[Addresses], Ledger] = Ledger,
    ) -> None:
        self.run = new_run()
        most = max(workers, scenario.load.workers)
        super().__init__(scenario, Generators(self.run, folder.logs, most, workers_bind, say))
        self.mesh = mesh
        self.kind = kind
        self._say = say
        self.externals: Sequence[Outside] = ()
        self.attachments: list[str] = []
        self._own = dict(own or {})
        self.folder = folder
        self.control = ControlPlane()
        self._with_load = load
        self._new_ledger = ledger
        self._scenario = scenario
        self.secrets = Secrets(scenario, folder.path / "trusted")
        self.turns = Turns()
        self.copies = Copies()
        self.descriptors = Descriptors(self, folder.logs, say)
        self.falls = Falls(self._ours, lambda: self.site.leases, self._fell, why=self.descriptors.shortage)
        self.site = LiveSite(self)
        self.traces = Traces(scenario, traces, lambda: self.ledger.spans)
        self.metrics = Metrics(self, scenario.prometheus, say)
        self._exit = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Stack:
        try:
            await self._start()
        except BaseExceptionGroup as group:  # what starts side by side fails together: one reason is enough
            await self._exit.aclose()
            raise first_of(group) from group
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def _start(self) -> None:
        self.secrets.of(self.mesh)  # a file that can't be used shows before anything is started
        self._network = await self._exit.enter_async_context(network(self.kind, self.run))
        subnet = self._network.subnet
        self.externals = externals(self._scenario, self.mesh, self.kind, subnet)
        self._own = told(self._own, self.externals, self.kind)
        for note in notes(self.externals):
            self._say(note)
        empty = Topology(self.run, (), (), (), (), subnet)
        self.topology = with_programs(
            layout_of(self.mesh, self._scenario, self.run, subnet)
            if self.mesh.workloads
            else layout_after(empty, self.mesh, self._scenario),
            self._own,
        )
        self._known = self.topology
        self.ledger = self._new_ledger(Addresses.of(self.topology))
        home = workdir(self.run)
        self._exit.callback(shutil.rmtree, home, ignore_errors=True)
        self.keeper = await Keeper.start(self.run, self.folder.path)
        self._exit.push_async_callback(self.keeper.close)
        self.generators.ground(self.keeper, served(subnet))
        self._exit.push_async_callback(self.generators.close)
        self.control.on_rows = self._rows
        self.control.on_spans = self.traces.exported
        self.control.admission.on_refused = self._refused
        socket = plane(self.run) / "control.sock"
        await self.control.start(socket)
        self._exit.push_async_callback(self.control.stop)
        self._exit.push_async_callback(self.traces.stop)
        await self.traces.start(segments_at(self.kind, subnet))
        self.runtime = self._network.runtime(self.keeper)
        self.runtime.on_down = self.falls.heard
        self._exit.push_async_callback(self.runtime.stop)
        self._exit.push_async_callback(self.metrics.close, self.folder.path)
        self.metrics.require()
        async with asyncio.TaskGroup() as group:
            if self._with_load:
                group.create_task(self.generators.start())
            group.create_task(self._start_mesh(str(socket)))

    async def _start_mesh(self, control_socket: str) -> None:
        self._specs = stand_ins(self.mesh, self._scenario, None if self.mesh.workloads else {})
        await self.runtime.start(
            self.mesh,
            self.topology,
            control_socket=control_socket,
            apps={**self._specs, **self._own},
            admit=self.control.admit,
            tracing=self.traces.tracing,
            externals=self.externals,
        )
        await self.runtime.awake(CONNECT_DEADLINE)
        await self.control.connected([one.key for one in self.topology.replicas], CONNECT_DEADLINE)
        await self.runtime.standing()  # whoever fails a first health check is not called for a while
        await self.push()
        await self.runtime.ready()
        await self.runtime.serving()
        await self._healthy()
        if self.metrics.wanted:
            await self.metrics.start()

    async def _healthy(self) -> None:
        """Programs that served only after their sidecars are given the time that the policy takes to see it."""
        wait = patience(self.mesh) if self._own else 0.0
        if not wait:
            return
        sidecars = [one.sidecar for one in self.topology.replicas]
        try:
            await probe.until("every host is healthy", partial(avoided, sidecars), within=wait)
        except DeadlineError as error:
            self._say(f"goes on although some replica is not healthy to its callers: {error.message}")

    def _refused(self, text: str) -> None:
        with (self.folder.logs / "control-plane.log").open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} refused: {text}\n")

    def _rows(self, rows: list[AccessRow]) -> None:
        self.ledger.add_rows(rows)
        self.metrics.saw_rows(rows)
        for watcher in self.watchers:
            watcher.saw_rows(rows)
        self.bell.ring()

    def _snapshots(self, mesh: Mesh, topology: Topology) -> Mapping[str, Snapshot]:
        services = {one.name for one in mesh.services}
        faults = tuple(one for one in self.site.request_faults if one.service in services)
        for folder in filelog.folders(mesh, topology, self.folder.logs.resolve()):
            folder.mkdir(parents=True, exist_ok=True)
        logs = self.folder.logs.resolve()
        made = translate(mesh, topology, faults=faults, secrets=self.secrets.of(mesh), logs=logs)
        made = self.traces.attached(made, mesh, topology)
        if not self._network.captures:
            return made
        nodes = {one.key: one.node for one in topology.replicas}
        return {key: captured(one, mesh, mesh.workload(nodes[key])) for key, one in made.items()}

    async def push(self) -> Push:
        """Send the sidecars what they don't have yet of the policy and the request faults in force."""
        return await self._send(self.snapshots())

    async def _send(self, snapshots: Mapping[str, Snapshot], mesh: Mesh | None = None) -> Push:
        push = await self.control.push(
            snapshots, timeout=PUSH_DEADLINE, places=places(mesh or self.mesh), absent=self.site.absent
        )
        self.metrics.saw_push(push)
        return push

    async def apply(self, mesh: Mesh) -> Push:
        """Put any other mesh in force; it is in force when this returns, and what it does not have is gone.

        What stays keeps its addresses, processes and connections. A stand-in that shall listen or call
        differently is started anew beside the old one, which first finishes what it has. After an error the mesh
        before is in force, and nothing of the new one is left.
        """
        async with self.turns.alone():
            return await self._apply(mesh)

    async def reshape(self, copies: Copies) -> Push:
        """The same policy on other replicas; after an error those before run."""
        async with self.turns.alone():
            before, self.copies = self.copies, copies
            try:
                return await self._apply(self.mesh)
            except BaseException:
                self.copies = before
                raise

    def snapshots(self) -> Mapping[str, Snapshot]:
        """What every sidecar should hold now."""
        return self._snapshots(self.mesh, self.topology)

    async def _apply(self, mesh: Mesh) -> Push:
        specs = stand_ins(mesh, self._scenario, self._specs)
        topology = with_programs(self.copies.layout(self._known, mesh, self._scenario), self._own)
        change = self.runtime.change(mesh, topology, self._known, {**specs, **self._own})
        old, new = (self.mesh, self.topology), (mesh, change.after.topology)
        self._known = joined(self._known, new[1])
        self.ledger.addresses.learn(new[1])
        before = self._snapshots(*old)

        push = await put_in_force(
            change,
            before,
            self._snapshots(*new),
            control=self.control,
            runtime=self.runtime,
            send=partial(self._send, mesh=mesh),
            prepared=partial(self.site.inherit, *new),
        )
        self.mesh, self.topology = new
        self._specs = {**self._specs, **specs}
        for one in change.gone_sidecars:
            self.ledger.sidecar_killed(one.key, time.time_ns())
        await self.site.forget(new, {one.name for one in change.gone_proxies})
        await self.metrics.follow()
        return push

    async def attach(self, node: str, container: Any, port: int | None = None) -> Program:
        """Put the user's own container behind a node, in the place of what is there; it serves when this returns.
        UsageError where that can't be, and then nothing has changed."""
        async with self.turns.alone():
            made = await self.runtime.attached(node, container, port)
            if made.container:
                away = new_app(self.topology, self._known, node, self.topology.replicas_of(node)[0].index)
                made = replace(made, address=away.replicas_of(node)[0].app)
            self._own |= told({node: made}, self.externals, self.kind)
            self.attachments.append(node)
            self.topology = with_programs(self.topology, self._own)
            self._known = joined(self._known, self.topology)
            self.ledger.addresses.learn(self.topology)
            await self.runtime.swap(self.topology, {node: self._own[node]})
            await self.push()
            await self.runtime.serving()
            return made

    @property
    def standins(self) -> Mapping[str, StandIn]:
        """How each workload's stand-in behaves by the scenario, whatever a fault makes of it."""
        return {name: one for name, one in self._specs.items() if name not in self._own}

    @property
    def prometheus_hands(self) -> Hands:
        """What starts a Prometheus server here."""
        return self.runtime.prometheus_hands(self.topology.subnet)

    def _ours(self, part: Part) -> bool:
        if part.role == "app":
            return part.replica is not None and part.replica.node not in self._own
        return part.role in ("sidecar", "toxiproxy", "holder")

    def _fell(self, fall: Fall) -> None:
        if fall.part.role == "sidecar" and fall.part.replica is not None:
            self.ledger.sidecar_killed(fall.part.replica.key, time.time_ns())
            self.bell.ring()
        self._say(str(fall))

    def fallen(self, since: float) -> str | None:
        """Why nothing measured since then (monotonic seconds) can be trusted: a part of the mesh ended by itself, or had
        too few descriptors."""
        return self.falls.problem(since, self.runtime.down) or self.descriptors.missing(since)

    def pids(self, *, every: bool = False) -> list[int]:
        """Processes that requests go through: sidecars and stand-ins; `every` other that the runtime started too."""
        return self.runtime.pids(every=every)

    async def keep_ledger(self) -> None:
        """Write the ledger into the run folder, the last spans included."""
        await self.traces.complete(self.ledger, [one.key for one in self.topology.replicas])
        self.ledger.write(self.folder.path)
