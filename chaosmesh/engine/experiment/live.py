"""One running mesh that experiments share: its policy, its faults, and the proof that it is as it was before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path as FilePath
from typing import Any, TypeVar

from chaosmesh.appmesh import Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.calm import avoided
from chaosmesh.engine.experiment.holding import Holding, Meant
from chaosmesh.engine.experiment.inputs import Wanted, bindings, read
from chaosmesh.engine.experiment.loop import LoopThread
from chaosmesh.engine.folder import RunFolder
from chaosmesh.engine.inputs import policy
from chaosmesh.engine.programs import own_programs, with_copies
from chaosmesh.engine.queues import emptied
from chaosmesh.engine.rendering import rendering
from chaosmesh.engine.site import LEASE_TTL
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.sweep import Sweep
from chaosmesh.errors import ChaosMeshError, DeadlineError, LimitExceededError, UsageError
from chaosmesh.ledger import Addresses, Ledger
from chaosmesh.mesh import Mesh
from chaosmesh.runtime import leftovers, probe

T = TypeVar("T")

CALM_DEADLINE = 5.0
"""Seconds for the sidecars to see every host as healthy again; a new mesh takes less than waiting for more."""

ATTACHED_DEADLINE = 30.0
"""Seconds for the same after a container was attached: health checks may be far apart."""


class NotHealedError(ChaosMeshError):
    """Raised when a mesh is not as it was before a test, although every fault was healed."""


class LiveMesh(Holding):
    """A mesh in force until `close`. Its coroutines run on the loop's own thread, by `call`; `say` is called there."""

    def __init__(self, wanted: Wanted, runs: FilePath, say: Callable[[str], None] = print) -> None:
        self.wanted = wanted
        self._say = say
        self.resources: Resources
        self.scenario: Scenario
        self.resources, self.scenario = read(wanted)
        self.baseline: Mesh = policy(self.resources, self.scenario, wanted.profile)
        self.own = own_programs(self.resources, self.baseline, self.scenario, wanted.runtime)
        self.scenario = with_copies(self.scenario, self.own.copies)
        self.name = self.scenario.name or self.baseline.name
        super().__init__()
        self._meant: list[Meant] = []
        self.loop = LoopThread()
        self._exit = contextlib.AsyncExitStack()
        try:
            self.loop.call(self._start(runs))
        except BaseException:
            self.loop.close()
            raise

    def expects(self, meant: Meant) -> None:
        """What a test has made and should use."""
        self._meant.append(meant)

    def unused(self) -> list[Meant]:
        """What the present test has made, and never used."""
        return [one for one in self._meant if not one.done]

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; KeeperLostError when the keeper dies meanwhile."""
        return self.loop.call(self.guarded(work))

    async def acall(self, work: Coroutine[Any, Any, T]) -> T:
        """`call` for a coroutine on another loop, which is not blocked."""
        return await self.loop.acall(self.guarded(work))

    async def guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """A coroutine that ends with KeeperLostError when the keeper dies."""
        result: T = await self.stack.keeper.guarded(work)
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
        wanted = self.wanted
        stack = Stack(
            self.baseline,
            self.scenario,
            folder,
            workers=wanted.workers,
            say=self._say,
            kind=wanted.runtime,
            own=self.own.programs,
            traces=wanted.traces,
        )
        self.stack = await self._exit.enter_async_context(stack)
        keeping = asyncio.create_task(self._keep())
        self._exit.callback(keeping.cancel)
        self.turn = asyncio.Lock()
        self._sweep = await Sweep.begin(self.stack)

    async def _keep(self) -> None:
        """Faults may stay for longer than their leases: this is the word from their owner."""
        while not self.stack.keeper.lost.done():
            await asyncio.wait({self.stack.keeper.lost}, timeout=LEASE_TTL / 4)
            with contextlib.suppress(ChaosMeshError):
                await self.stack.site.renew()

    async def fresh(self) -> None:
        """A new ledger, for a new test."""
        self._meant = []
        self.stack.ledger = Ledger(Addresses.of(self.stack.topology))

    async def use(self, policy: Mesh) -> None:
        """Put a policy in force, if another one is."""
        if self.stack.mesh is not policy:
            await self.stack.apply(policy)

    async def attach(self, node: str, container: Any, port: int | None) -> str:
        """Put the user's own container behind a node; what should be known of it. This mesh is nobody else's then."""
        if self.active:
            raise UsageError(
                f"attach: {self.active[-1]} is in force", hint="attach first, or leave the fault's block"
            )
        async with self.turn:
            made = await self.stack.attach(node, container, port)
            await self._calm(
                ATTACHED_DEADLINE
            )  # whose health was checked while nobody served is called again
        if made.container:
            return f"{node}: the container runs already, so what it calls itself goes past its sidecar"
        first = self.stack.topology.replicas_of(node)[0]
        container._container = self.stack.runtime.shown(first)  # its logs and exec are of the first copy
        self._exit.callback(
            setattr, container, "_container", None
        )  # who stops it later finds nothing to stop
        return ""

    def updated(self, resources: Resources, paths: Sequence[FilePath]) -> tuple[Resources, Mesh]:
        """Resources with later documents over them, and their policy."""
        newer = resources.updated(list(paths), variables=bindings(self.wanted, self.scenario))
        return newer, policy(newer, self.scenario, self.wanted.profile)

    async def restore(self) -> bool:
        """Heal what is left, bring the baseline back and prove that it is so.

        NotHealedError when anything of a fault is still there. False when all is healed but some sidecar still avoids
        a host, or a container was attached: then this mesh should not serve another test.
        """
        await self.heal_all()
        await self.use(self.baseline)
        await emptied(self.stack)
        await self.fresh()  # the proof's own traffic is none of the test's
        calm = await self._calm()
        if left := await self._sweep.remaining(probing=calm):
            raise NotHealedError(f"after the test the mesh is not as before: {', '.join(left)}")
        return calm and not self.stack.attachments

    async def _calm(self, within: float = CALM_DEADLINE) -> bool:
        async def avoiding() -> str:
            return await avoided(one.sidecar for one in self.stack.topology.replicas)

        try:
            await probe.until("every host is healthy again", avoiding, within=within)
        except DeadlineError:
            return False
        return True
