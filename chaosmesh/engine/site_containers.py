"""What faults do to containers: cut off, without names, slowed, starved, full."""

from __future__ import annotations

from chaosmesh.engine.cutting import gone
from chaosmesh.engine.ground import Ground
from chaosmesh.engine.looks import Looks
from chaosmesh.engine.site_processes import LifeActs
from chaosmesh.faults.ailment import Ailment
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Copy, Role
from chaosmesh.runtime.ailing import Ailing
from chaosmesh.runtime.toxiproxy.peers import Address

LOOK_S = 1.0
"""Seconds between two looks: each asks the engine, which takes a tenth of a second."""


class BoxActs(LifeActs):
    """Needs containers; the runtime says so where there are none."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._sights = Looks(LOOK_S)
        self._ailing: dict[str, tuple[Ailing, Copy, Role, str]] = {}

    async def afflict(self, lease: str, copy: Copy, role: Role, ailment: Ailment, evidence: Evidence) -> None:
        """Do it under a lease."""
        replica, runtime = self._replica(copy), self._ground.runtime
        ailing = await runtime.ailing(replica, role, ailment.kind, ailment.values)
        self._ailing[lease] = ailing, copy, role, ailment.kind
        await self._secure(lease, ailing.heals)
        await ailing.begin()

        async def look() -> None:
            evidence.note(str(copy), *await ailing.seen())

        await look()
        self._sights.begin(lease, look)

    async def relieve(self, lease: str) -> None:
        """Undo it; who was killed by it is started again."""
        await self._sights.end(lease)
        if lease not in self._ailing:
            return
        ailing, copy, role, kind = self._ailing[lease]
        async with gone(self._ground.runtime, self._in_front_of(copy) if kind == "partition" else ()):
            await ailing.end()
        if kind == "memory":
            await self.revive(copy, role)
        del self._ailing[lease]
        await self._release(lease)

    def _in_front_of(self, copy: Copy) -> list[Address]:
        """Where its callers are connected, each through a proxy: they hear of what was cut only then."""
        mine = (
            one
            for one in self._ground.topology.proxies
            if (one.server, one.replica) == (copy.node, copy.index)
        )
        return [(one.address, port) for one in mine for port in one.ports]
