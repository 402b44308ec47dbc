"""What faults do to connections that leave the mesh."""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from collections.abc import Callable

from chaosmesh.engine.ground import Ground, Grounded
from chaosmesh.engine.looks import Looks
from chaosmesh.errors import UsageError
from chaosmesh.faults import Effect, Scope
from chaosmesh.faults.evidence import Evidence
from chaosmesh.runtime import probe
from chaosmesh.runtime.acts import ASK_DEADLINE
from chaosmesh.runtime.drain import connected
from chaosmesh.runtime.outside import Outside

_RECEIVED = re.compile(
    r"^toxiproxy_proxy_received_bytes_total\{(?P<labels>.*)\} (?P<bytes>\S+)$", re.MULTILINE
)


class ExternalActs(Grounded):
    """Connection faults on externals."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._watches = Looks()

    async def hinder(self, lease: str, name: str, effect: Effect, evidence: Evidence) -> None:
        """Put an effect on the proxy of an external, and watch who meets it."""
        one = self._external(name)
        before, cuts, seen = await self._ended(one), 0, 0

        def cut(_at_ns: int) -> None:
            nonlocal cuts
            cuts += 1

        async def look() -> None:
            nonlocal seen
            now = await asyncio.to_thread(self._open, one)
            seen = max(seen, now)
            passed = await self._ended(one) - before
            evidence.note(name, *_said(effect.kind, seen, passed, cuts))

        evidence.note(name, *_said(effect.kind, 0, 0, 0))
        self._watches.begin(lease, look)
        await self.impair(lease, Scope("", name, external=True), effect, cut)

    async def unhinder(self, lease: str) -> None:
        """Take it off again."""
        await self._watches.end(lease)
        await self.repair(lease)

    @abstractmethod
    async def impair(
        self, lease: str, scope: Scope, effect: Effect, acted: Callable[[int], None] | None = None
    ) -> None:
        """Put an effect on every proxy of a scope under a lease."""

    @abstractmethod
    async def repair(self, lease: str) -> None:
        """Undo it."""

    def _external(self, name: str) -> Outside:
        known = {one.name: one for one in self._ground.externals}
        if name not in known:
            raise UsageError(
                f"there is no external {name!r}",
                hint=f"one of: {', '.join(known)}"
                if known
                else "the scenario file names them: externals: {db: {address: …}}",
            )
        return known[name]

    def _open(self, one: Outside) -> int:
        """Connections that its proxy holds now, as the kernel tells it."""
        place = f"{one.door}:{one.port}"
        return connected({place}, self._ground.runtime.tables()).get(place, 0)

    async def _ended(self, one: Outside) -> float:
        """Bytes of the connections that have ended: Toxiproxy counts each one at its end."""
        toxiproxy = self._ground.runtime.toxiproxy
        place = toxiproxy.host, toxiproxy.port
        _, text = await probe.request("GET", *place, "/metrics", within=ASK_DEADLINE)
        mark = f'proxy="{one.proxy}"'
        return sum(
            float(found["bytes"]) for found in _RECEIVED.finditer(text.decode()) if mark in found["labels"]
        )


def _said(kind: str, connections: int, passed: float, cuts: int) -> tuple[int, str]:
    if kind == "down":
        return 1, "was down: its connections ended, and whoever came was refused"
    met = f"{connections} connections at once, {passed:,.0f} bytes on those that ended"
    if kind == "reset":
        return cuts if connections or passed else 0, f"was cut {cuts} times ({met})"
    return int(bool(connections or passed)), f"had the toxic {kind} on it ({met})"
