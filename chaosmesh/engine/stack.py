"""A running mesh: control plane, sidecars, stand-ins, generator and ledger, as one thing with a start and an end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.conditions import Bell
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.rendering import layout_of
from chaosmesh.engine.standins import stand_ins
from chaosmesh.envoy import AccessRow, ControlPlane, Push, places, translate
from chaosmesh.errors import KeeperLostError, UsageError
from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.load import LoadProcess, Record, RequestSpec, Running, Stream
from chaosmesh.load.plan import Arrivals
from chaosmesh.mesh import Mesh, RequestFault, Topology
from chaosmesh.runtime import Heal, Keeper, ProcessRuntime, lease_subnet, new_run, workdir

LEASE_TTL = 120.0
"""Seconds a fault stays without a word from its owner; every cell and claim ends far sooner."""

PUSH_DEADLINE = 30.0
CONNECT_DEADLINE = 60.0


class Stack:
    """Use it as ``async with Stack(…) as stack``. It is the `Site` that faults act on.

    `mesh` is the policy in force, `topology` where everything listens, `ledger` what was seen.
    """

    mesh: Mesh
    topology: Topology
    ledger: Ledger
    keeper: Keeper
    runtime: ProcessRuntime

    def __init__(self, mesh: Mesh, scenario: Scenario, folder: RunFolder, *, load: bool = True) -> None:
        self.mesh = mesh
        self.run = new_run()
        self.folder = folder
        self.control = ControlPlane()
        self.load = LoadProcess()
        self.bell = Bell()
        self._with_load = load
        self._scenario = scenario
        self._faults: dict[str, RequestFault] = {}
        self._leases: set[str] = set()
        self._streams = itertools.count(1)
        self._named: Counter[str] = Counter()
        self._exit = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Stack:
        try:
            await self._start()
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def _start(self) -> None:
        subnet = self._exit.enter_context(lease_subnet())
        self.topology = layout_of(self.mesh, self._scenario, self.run, subnet.name)
        self.ledger = Ledger(Addresses.of(self.topology))
        home = workdir(self.run)
        self._exit.callback(shutil.rmtree, home, ignore_errors=True)
        self.keeper = await Keeper.start(self.run, self.folder.path)
        self._exit.push_async_callback(self.keeper.close)
        self.control.on_rows = self._rows
        await self.control.start(home / "control.sock")
        self._exit.push_async_callback(self.control.stop)
        self.runtime = ProcessRuntime(self.keeper)
        self._exit.push_async_callback(self.runtime.stop)
        async with asyncio.TaskGroup() as group:
            if self._with_load:
                group.create_task(self._start_load())
            group.create_task(self._start_mesh(str(home / "control.sock")))

    async def _start_load(self) -> None:
        await self.load.start(self._spawn, self.folder.logs, self.run)
        self._exit.push_async_callback(self.load.close)

    async def _spawn(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        return await self.keeper.spawn(name, argv, env=env, log=log)

    async def _start_mesh(self, control_socket: str) -> None:
        specs = stand_ins(self.mesh, self._scenario)
        await self.runtime.start(self.mesh, self.topology, control_socket=control_socket, standins=specs)
        await self.control.connected([one.key for one in self.topology.replicas], CONNECT_DEADLINE)
        await self._push()
        await self.runtime.ready()

    def _rows(self, rows: list[AccessRow]) -> None:
        self.ledger.add_rows(rows)
        self.bell.ring()

    async def _push(self) -> Push:
        snapshots = translate(self.mesh, self.topology, faults=tuple(self._faults.values()))
        return await self.control.push(snapshots, timeout=PUSH_DEADLINE, places=places(self.mesh))

    async def apply(self, mesh: Mesh) -> Push:
        """Put another policy in force on the same workloads; it is in force when this returns."""
        ours = {w.name: [one.port for one in w.listeners] for w in self.mesh.workloads}
        theirs = {w.name: [one.port for one in w.listeners] for w in mesh.workloads}
        if ours != theirs or set(self.mesh.edges()) != set(mesh.edges()):
            raise UsageError(
                "the new policy has other workloads, ports or backends than the running one",
                hint="start a new mesh for it",
            )
        self.topology = await self.runtime.widen(mesh)
        self.ledger.addresses.learn(self.topology)
        before, self.mesh = self.mesh, mesh
        try:
            return await self._push()
        except BaseException:
            self.mesh = before
            raise

    def pids(self) -> list[int]:
        """Processes that requests go through: sidecars and stand-ins."""
        return self.runtime.pids()

    def speaks_http(self, workload: str) -> bool:
        """Whether a workload can be called over HTTP/1.1."""
        return any(one.protocol == "http" for one in self.mesh.workload(workload).listeners)

    def entry_url(self, entry: str) -> str:
        """Where users come in at a workload: its door and its first http port."""
        replica = self.topology.replicas_of(entry)[0]
        port = next((one.port for one in self.mesh.workload(entry).listeners if one.protocol == "http"), None)
        if port is None:
            raise UsageError(f"{entry} has no http listener: no request can come in there")
        return f"http://{replica.door or replica.sidecar}:{port}"

    def egress_url(self, client: str, service: str) -> str:
        """Where a client's application calls a service."""
        egress = self.topology.egress(client, service)
        return f"http://{egress.address}:{egress.ports[0]}"

    def number(self, name: str) -> int:
        """A stream number for something that is tried by name: the same in every run, another at each call."""
        self._named[name] += 1
        return 1 << 31 | zlib.crc32(f"{name} #{self._named[name]}".encode())

    async def begin(
        self,
        name: str,
        url: str,
        host: str,
        requests: Sequence[RequestSpec],
        rate: float,
        *,
        count: int | None = None,
        duration: float | None = None,
        arrivals: Arrivals = "constant",
        patience: float = 30.0,
        seed: int = 0,
        number: int | None = None,
        on_records: Callable[[list[Record]], None] | None = None,
    ) -> Running:
        """Start a stream of requests; its records go to the ledger (and to `on_records`).

        `number` is the stream's own number in request ids (default: the next one). Victims of request faults are
        drawn by request id: the same number and seed hit the same requests again.
        """
        stream = Stream(
            id=next(self._streams) if number is None else number,
            name=name,
            url=url,
            host=host,
            requests=tuple(requests),
            rate=rate,
            arrivals=arrivals,
            count=count,
            duration=duration,
            seed=seed,
            timeout=patience,
        )

        def take(records: list[Record]) -> None:
            self.ledger.add_records(stream, records)
            if on_records is not None:
                on_records(records)
            self.bell.ring()

        return await self.load.begin(stream, take)

    async def settled(self, streams: Iterable[int], seconds: float = 20.0) -> None:
        """Return when the ledger has every row of these streams (DeadlineError names what is missing)."""
        for stream in streams:
            await self.bell.until(
                lambda stream=stream: "; ".join(self.ledger.complete(stream).missing[:3]),  # type: ignore[misc]
                seconds=seconds,
                what="the access log rows of a stream",
            )

    # -- what faults act on ------------------------------------------------------------------------------

    async def inject(self, fault: RequestFault) -> None:
        """Put a request fault in force."""
        self._faults[fault.id] = fault
        await self._push()

    async def withdraw(self, fault_id: str) -> None:
        """Take a request fault off."""
        if self._faults.pop(fault_id, None) is not None:
            await self._push()

    def edge_proxies(self, client: str, service: str) -> tuple[str, ...]:
        """Proxies of an edge, every port of every replica behind the service."""
        servers = self.mesh.targets(service)
        proxies = (p for server in servers for p in self.topology.proxies_of(client, server))
        return tuple(p.name(port) for p in proxies for port in p.ports)

    @property
    def request_faults(self) -> tuple[str, ...]:
        """Ids of the request faults in force."""
        return tuple(self._faults)

    async def renew(self) -> None:
        """Give every leased fault another LEASE_TTL; owners who hold faults for longer call it in time."""
        for lease in tuple(self._leases):
            await self.keeper.renew(lease)

    async def toxic(self, lease: str, proxy: str, kind: str, attributes: Mapping[str, Any]) -> None:
        """Add a toxic under a lease."""
        client = self.runtime.toxiproxy
        await self._lease(f"{lease}/{proxy}", client.heal_toxic(proxy, lease))
        await client.toxic(proxy, kind, "downstream", attributes, lease)

    async def untoxic(self, lease: str, proxy: str) -> None:
        """Remove a toxic and end its lease."""
        await self.runtime.toxiproxy.heal(proxy, lease)
        await self._release(f"{lease}/{proxy}")

    async def cut(self, lease: str, proxy: str) -> None:
        """Disable a proxy under a lease."""
        client = self.runtime.toxiproxy
        await self._lease(f"{lease}/{proxy}", client.heal_switch(proxy))
        await client.disable(proxy, lease)

    async def uncut(self, lease: str, proxy: str) -> None:
        """Enable a proxy and end its lease."""
        await self.runtime.toxiproxy.enable(proxy, lease)
        await self._release(f"{lease}/{proxy}")

    async def _lease(self, lease: str, heal: Heal) -> None:
        await self.keeper.lease(lease, [heal], LEASE_TTL)
        self._leases.add(lease)

    async def _release(self, lease: str) -> None:
        self._leases.discard(lease)
        await self.keeper.release(lease)

    # -- the keeper ---------------------------------------------------------------------------------------

    async def guarded(self, work: Any) -> Any:
        """Run a coroutine; end it with KeeperLostError when the keeper dies meanwhile, and when this call is cancelled."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self.keeper.lost}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):
                    await task
        raise KeeperLostError(self.keeper.lost.result(), hint="run it again; the log is in the run folder")
