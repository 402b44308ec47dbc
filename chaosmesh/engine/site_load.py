"""What faults do to the room that replicas have: their behaviour, their number, and who else takes the cores."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from chaosmesh.engine.ground import Ground, Grounded
from chaosmesh.engine.looks import Looks
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Copy
from chaosmesh.runtime import Heal, procs

LONGEST_S = 600
"""Seconds after which a busy neighbour ends by itself, whoever has forgotten it."""

_COUNTED = {"overloaded": "requests waited for others, or were refused", "unhealthy": "health checks failed"}


class RoomActs(Grounded):
    """Capacity, health, number of replicas, busy neighbours."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._looks = Looks()
        self._before: dict[str, tuple[Copy, Mapping[str, Any]]] = {}
        self._neighbours: dict[str, list[str]] = {}
        self._burnt: dict[str, str] = {}

    async def behave(
        self, lease: str, copy: Copy, changes: Mapping[str, Any], counter: str, evidence: Evidence
    ) -> None:
        """Tell a stand-in to behave otherwise."""
        replica, runtime = self._replica(copy), self._ground.runtime
        standin = runtime.standin(replica)
        before = {name: getattr(standin, name) for name in changes}
        began = int((await runtime.told(replica))["counts"][counter])
        await self._secure(lease, [runtime.heal_configure(replica, **before)])
        self._before[lease] = copy, before
        await runtime.configure(replica, **changes)

        async def look() -> None:
            now = int((await runtime.told(self._replica(copy)))["counts"][counter])
            evidence.note(str(copy), max(0, now - began), f"{now - began:,} {_COUNTED[counter]}")

        evidence.note(str(copy), 0, f"no {_COUNTED[counter]} yet")
        self._looks.begin(lease, look)

    async def behave_again(self, lease: str) -> None:
        """It behaves as before."""
        await self._looks.end(lease)
        if lease in self._before:
            copy, before = self._before[lease]
            await self._ground.runtime.configure(self._replica(copy), **before)
            del self._before[lease]
            await self._release(lease)

    async def burn(self, lease: str, cores: int, evidence: Evidence) -> None:
        """Start a busy process for each core."""
        keeper = self._ground.keeper
        argv = [sys.executable, "-P", "-m", "chaosmesh.runtime.neighbour", str(LONGEST_S)]
        names = self._neighbours[lease] = [f"neighbour-{lease}-{number}" for number in range(cores)]
        pids = [await keeper.spawn(name, argv) for name in names]
        await self._secure(lease, [Heal.kill(pid, signal.SIGKILL) for pid in pids])
        self._burnt |= {procs.identity(pid): f"busy neighbour {pid}" for pid in pids}

        async def look() -> None:
            took = sum(map(procs.cpu_seconds, pids))
            evidence.note("the neighbours", int(took > 0), f"took {took:.1f} s of {cores} cores")

        evidence.note("the neighbours", 0, "took no time yet")
        self._looks.begin(lease, look)

    async def quench(self, lease: str) -> None:
        """End them."""
        await self._looks.end(lease)
        for name in self._neighbours.pop(lease, ()):
            await self._ground.keeper.signal(name, signal.SIGKILL)
            await self._ground.keeper.stop(name)
        await self._release(lease)

    async def take_out(self, copy: Copy, evidence: Evidence) -> None:
        """Take a replica out of the mesh."""
        self._replica(copy)
        ground = self._ground
        await ground.reshape(ground.copies.without(copy, ground.topology))
        evidence.note(str(copy), 1, f"left the mesh, {self._left(copy.node)} of {copy.node} are there")

    async def put_back(self, copy: Copy) -> None:
        """It is in the mesh again."""
        if copy in self._ground.copies.out:
            await self._ground.reshape(self._ground.copies.again(copy))

    async def grow(self, node: str, evidence: Evidence) -> None:
        """One replica more."""
        ground = self._ground
        await ground.reshape(ground.copies.more(node, 1, ground.topology))
        evidence.note(node, 1, f"got a replica, {self._left(node)} are there")

    async def shrink(self, node: str) -> None:
        """One replica less."""
        ground = self._ground
        await ground.reshape(ground.copies.more(node, -1, ground.topology))

    def neighbours(self) -> Sequence[str]:
        """Busy neighbours that still run, as the kernel tells it."""
        return [text for identity, text in self._burnt.items() if procs.alive(identity)]

    def _left(self, node: str) -> str:
        count = len(self._ground.topology.replicas_of(node))
        return f"{count} replica" if count == 1 else f"{count} replicas"
