"""One running mesh that experiments share: its policy, its faults, and the proof that it is as it was before."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path as FilePath
from typing import Any, TypeVar

from chaosmesh.appmesh import Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.inputs import Wanted, bindings, read
from chaosmesh.engine.experiment.loop import LoopThread
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.rendering import rendering
from chaosmesh.engine.site import LEASE_TTL
from chaosmesh.engine.stack import Stack
from chaosmesh.errors import ChaosMeshError, DeadlineError, LimitExceededError
from chaosmesh.faults import Fault
from chaosmesh.ledger import Addresses, FaultEvent, Ledger
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import leftovers, probe

T = TypeVar("T")

CALM_DEADLINE = 5.0
"""Seconds for the sidecars to see every host as healthy again; a new mesh takes less than waiting for more."""

ADMIN_PORT = 9901


class NotHealedError(ChaosMeshError):
    """Raised when a mesh is not as it was before a test, although every fault was healed."""


class LiveMesh:
    """A mesh in force until `close`. Its coroutines run on the loop's own thread, by `call`."""

    stack: Stack

    def __init__(self, wanted: Wanted, runs: FilePath) -> None:
        self.wanted = wanted
        self.resources: Resources
        self.scenario: Scenario
        self.resources, self.scenario = read(wanted)
        self.baseline: Mesh = policy(self.resources, self.scenario, wanted.profile)
        self.name = self.scenario.name or self.baseline.name
        self.active: list[InForce] = []
        self.loop = LoopThread()
        self._exit = contextlib.AsyncExitStack()
        try:
            self.loop.call(self._start(runs))
        except BaseException:
            self.loop.close()
            raise

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; KeeperLostError when the keeper dies meanwhile."""
        return self.loop.call(self.guarded(work))

    async def guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """A coroutine that ends with KeeperLostError when the keeper dies."""
        result: T = await self.stack.guarded(work)
        return result

    async def limited(self, work: Coroutine[Any, Any, T]) -> T:
        """A run within the limits of the scenario; beyond them its faults are healed and LimitExceededError says why."""
        try:
            return await self.stack.limits.over(work)
        except LimitExceededError:
            await self.heal_all()
            raise

    def close(self) -> None:
        """End every process of the mesh."""
        try:
            self.loop.call(self._exit.aclose())
        finally:
            self.loop.close()

    def remains(self) -> list[str]:
        """Processes and temporary folders of the mesh that are there after `close`."""
        found = leftovers(self.stack.run)
        return [f"{one.what} of run {one.run} ({one.path or f'pid {one.pid}'})" for one in found]

    async def _start(self, runs: FilePath) -> None:
        folder = RunFolder.create(runs, self.name)
        folder.write_json("config/envoy.json", rendering(self.baseline, self.scenario, "127.16"))
        self.stack = await self._exit.enter_async_context(Stack(self.baseline, self.scenario, folder))
        keeping = asyncio.create_task(self._keep())
        self._exit.callback(keeping.cancel)
        self.turn = asyncio.Lock()

    async def _keep(self) -> None:
        """Faults may stay for longer than their leases: this is the word from their owner."""
        while not self.stack.keeper.lost.done():
            await asyncio.wait({self.stack.keeper.lost}, timeout=LEASE_TTL / 4)
            with contextlib.suppress(ChaosMeshError):
                await self.stack.site.renew()

    async def fresh(self) -> None:
        """A new ledger, for a new test."""
        self.stack.ledger = Ledger(Addresses.of(self.stack.topology))

    async def use(self, policy: Mesh) -> None:
        """Put a policy in force, if another one is."""
        if self.stack.mesh is not policy:
            await self.stack.apply(policy)

    def updated(self, resources: Resources, paths: Sequence[FilePath]) -> tuple[Resources, Mesh]:
        """Resources with later documents over them, and their policy."""
        newer = resources.updated(list(paths), variables=bindings(self.wanted, self.scenario))
        return newer, policy(newer, self.scenario, self.wanted.profile)

    async def apply(self, context: InForce) -> None:
        """Put a fault in force on all of its edges, or on none."""
        self.active.append(context)
        try:
            for fault in context.faults:
                begun = time.time_ns()
                await fault.apply(self.stack.site)
                self._note(fault, "applied", begun)
        except BaseException:
            await self.heal(context)
            raise

    async def heal(self, context: InForce) -> None:
        """Take a fault off; harmless when it is off already."""
        if context not in self.active:
            return
        for fault in context.faults:
            await fault.heal(self.stack.site)
        self.active.remove(context)
        for fault in context.faults:
            self._note(fault, "healed")

    async def heal_all(self) -> None:
        """Take every fault off, the last one first."""
        for context in reversed(tuple(self.active)):
            await self.heal(context)

    def _note(self, fault: Fault, phase: Any, begun_ns: int = 0) -> None:
        target = ">".join(fault.edge)
        event = FaultEvent(fault.id, phase, time.time_ns(), fault.kind, target, dict(fault.size), begun_ns)
        self.stack.ledger.add_fault(event)

    async def restore(self) -> bool:
        """Heal what is left, bring the baseline back and look whether it is so.

        NotHealedError when a fault is still there. False when all is healed but some sidecar still avoids a
        host: then this mesh should not serve another test.
        """
        await self.heal_all()
        await self.use(self.baseline)
        if left := await self._left():
            raise NotHealedError(f"after the test the mesh is not as before: {left}")
        try:
            await probe.until("every host is healthy again", self._avoided, within=CALM_DEADLINE)
        except DeadlineError:
            return False
        return True

    async def _left(self) -> str:
        found = [f"fault {one.id}" for one in self.stack.site.request_faults]
        for name, state in (await self.stack.runtime.toxiproxy.state()).items():
            found += [f"toxic {one.name} on {name}" for one in state.toxics]
            found += [] if state.enabled else [f"{name} refuses connections"]
        return ", ".join(found)

    async def _avoided(self) -> str:
        looks = [self._avoided_by(one.sidecar) for one in self.stack.topology.replicas]
        return ", ".join(one for one in await asyncio.gather(*looks) if one)

    async def _avoided_by(self, sidecar: str) -> str:
        try:
            clusters = await asyncio.to_thread(_clusters, sidecar)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return f"{sidecar} does not answer: {error}"
        return ", ".join(
            f"{sidecar} avoids a host of {cluster['name']}"
            for cluster in clusters
            for host in cluster.get("host_statuses", ())
            if any(key.startswith("failed_") for key in host.get("health_status", ()))
        )


def _clusters(sidecar: str) -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection(sidecar, ADMIN_PORT, timeout=probe.ONE_LOOK)
    try:
        connection.request("GET", "/clusters?format=json")
        found: list[dict[str, Any]] = json.load(connection.getresponse()).get("cluster_statuses", [])
    finally:
        connection.close()
    return found
