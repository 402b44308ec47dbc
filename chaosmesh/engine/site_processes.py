"""What faults do to the processes of replicas: end, stop and start them."""

from __future__ import annotations

import asyncio
import contextlib
import time

from chaosmesh.engine.ground import Ground, Grounded
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Copy, Role
from chaosmesh.mesh import Replica

IN_FORCE_S = 30.0
"""Seconds in which a sidecar that starts, or goes on, holds everything that it should."""

_WORDS = {"app": "application", "sidecar": "sidecar"}


class LifeActs(Grounded):
    """Crash, hang, restart, of applications and sidecars."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._frozen: dict[str, tuple[Copy, Role]] = {}
        self._returning: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}

    async def crash(self, copy: Copy, role: Role, evidence: Evidence) -> None:
        """Kill a process."""
        replica, runtime = self._replica(copy), self._ground.runtime
        pid = runtime.pid(replica, role)
        if role == "sidecar":
            self._absent.add(replica.key)
        await runtime.crash(replica, role)
        if role == "sidecar":
            self._ground.ledger.sidecar_killed(replica.key, time.time_ns())
        evidence.note(str(copy), 1, f"its {_WORDS[role]} ended (pid {pid}, signal 9)")

    async def revive(self, copy: Copy, role: Role) -> None:
        """Start it again."""
        replica = self._replica(copy)
        await self._ground.runtime.revive(replica, role)
        await self._caught_up(replica, role)

    async def freeze(self, lease: str, copy: Copy, role: Role, evidence: Evidence) -> None:
        """Stop a process."""
        replica, runtime = self._replica(copy), self._ground.runtime
        pid = runtime.pid(replica, role)
        await self._secure(lease, runtime.heal_hang(replica, role))
        self._frozen[lease] = copy, role
        if role == "sidecar":
            self._absent.add(replica.key)
        await runtime.hang(replica, role)
        evidence.note(str(copy), 1, f"its {_WORDS[role]} was stopped (pid {pid}, state T)")

    async def thaw(self, lease: str, copy: Copy, role: Role) -> None:
        """Let it go on."""
        if lease in self._frozen:
            replica = self._replica(copy)
            await self._ground.runtime.resume(replica, role)
            await self._caught_up(replica, role)
            del self._frozen[lease]
            await self._release(lease)

    async def restart(self, lease: str, copy: Copy, after_s: float, evidence: Evidence) -> None:
        """Kill an application, and have it started again."""
        await self.crash(copy, "app", evidence)
        gone, now = time.monotonic(), asyncio.Event()

        async def come_back() -> None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(now.wait(), after_s)
            await self.revive(copy, "app")
            took = time.monotonic() - gone
            evidence.note(str(copy), 1, f"its application ended and served again {took:.2f} s later")

        self._returning[lease] = now, asyncio.create_task(come_back())

    async def restarted(self, lease: str, copy: Copy) -> None:
        """Wait for it, or start it now."""
        if lease in self._returning:
            now, task = self._returning.pop(lease)
            now.set()
            await task
        else:
            await self.revive(copy, "app")

    async def _caught_up(self, replica: Replica, role: Role) -> None:
        if role == "sidecar":
            await self._ground.control.settled([replica.key], IN_FORCE_S)
            self._absent.discard(replica.key)
