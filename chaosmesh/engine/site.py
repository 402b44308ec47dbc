"""What faults act on: the running mesh's request faults, and connection faults under leases."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chaosmesh.engine.cutting import Cutter, gone
from chaosmesh.engine.ground import LEASE_TTL, Ground
from chaosmesh.engine.held import Held, Hold, heirs, http_ends, proxies_of, strays
from chaosmesh.engine.site_containers import BoxActs
from chaosmesh.engine.site_control import PlaneActs
from chaosmesh.engine.site_externals import ExternalActs
from chaosmesh.engine.site_load import RoomActs
from chaosmesh.errors import UsageError
from chaosmesh.faults import Effect, Scope
from chaosmesh.ledger import FaultEvent
from chaosmesh.mesh import Mesh, RequestFault, Topology
from chaosmesh.runtime import Heal
from chaosmesh.runtime.toxiproxy import CUT

__all__ = ["LEASE_TTL", "LiveSite"]


class LiveSite(BoxActs, RoomActs, PlaneActs, ExternalActs):
    """The `Site` of a running mesh."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._faults: dict[str, RequestFault] = {}
        self._held: Held = {}
        self._cutters: dict[str, Cutter] = {}

    async def inject(self, fault: RequestFault) -> None:
        """Put a request fault in force."""
        async with self._ground.turns.shared():
            self._faults[fault.id] = fault
            await self._ground.push()

    async def withdraw(self, fault_id: str) -> None:
        """Take a request fault off."""
        async with self._ground.turns.shared():
            if self._faults.pop(fault_id, None) is not None:
                await self._ground.push()

    @property
    def request_faults(self) -> tuple[RequestFault, ...]:
        """Request faults in force."""
        return tuple(self._faults.values())

    async def impair(
        self, lease: str, scope: Scope, effect: Effect, acted: Callable[[int], None] | None = None
    ) -> None:
        """Put an effect on every proxy of a scope under a lease. UsageError where the scope has none."""
        async with self._ground.turns.shared():
            proxies = proxies_of(self._ground.mesh, self._ground.topology, scope)
            if not proxies:
                raise UsageError(f"{effect.kind}: nothing in this mesh is {_said(scope)}")
            self._held[lease] = Hold(scope, effect)
            for proxy in proxies:
                await self._hold(lease, proxy)
        if effect.kind == "reset":
            await self._cut_again_and_again(lease, effect, acted)

    async def repair(self, lease: str) -> None:
        """Take an effect off again and end its lease."""
        cutter = self._cutters.pop(lease, None)
        try:
            if cutter is not None:
                await cutter.stop()
        finally:
            async with self._ground.turns.shared():
                if lease in self._held:
                    await self._let_all_go(lease)

    async def inherit(self, mesh: Mesh, topology: Topology) -> None:
        """Hold what joins the scope of a lease."""
        for lease, proxy in tuple(heirs(self._held, mesh, topology)):
            await self._hold(lease, proxy)

    async def forget(self, after: tuple[Mesh, Topology], removed: Collection[str]) -> None:
        """Let go of proxies that are in no scope any more; those in `removed` don't exist."""
        for lease, proxy in strays(self._held, *after):
            await self._let_go(lease, proxy, there=proxy not in removed)

    async def renew(self) -> None:
        """Give every leased fault another LEASE_TTL; owners who hold faults for longer call it in time."""
        for lease in tuple(self._leases):
            await self._ground.keeper.renew(lease)

    async def _hold(self, lease: str, proxy: str) -> None:
        client, effect = self._ground.runtime.toxiproxy, self._held[lease].effect
        await self._secure(f"{lease}/{proxy}", [self._heal_of(lease, proxy, effect)])
        self._held[lease].proxies.add(proxy)
        if effect.kind == "down":
            await client.disable(proxy, lease)
        elif effect.kind != "reset":
            await client.toxic(proxy, effect.kind, effect.stream, effect.attributes, lease)

    def _heal_of(self, lease: str, proxy: str, effect: Effect) -> Heal:
        client = self._ground.runtime.toxiproxy
        if effect.kind == "down":
            return client.heal_switch(proxy)
        return client.heal_toxic(proxy, CUT if effect.kind == "reset" else lease)

    async def _let_go(self, lease: str, proxy: str, *, there: bool = True) -> None:
        client, effect = self._ground.runtime.toxiproxy, self._held[lease].effect
        if there and effect.kind == "down":
            await client.enable(proxy, lease)
        elif there and effect.kind != "reset":
            await client.heal(proxy, lease)
        self._held[lease].proxies.discard(proxy)
        await self._release(f"{lease}/{proxy}")

    async def _let_all_go(self, lease: str) -> None:
        """A toxic that held everything back ends its connections when it goes."""
        hold = self._held[lease]
        ends = self._ends(hold.proxies) if hold.effect.kind == "timeout" else []
        async with gone(self._ground.runtime, ends):
            for proxy in sorted(hold.proxies):
                await self._let_go(lease, proxy)
        del self._held[lease]

    def _ends(self, proxies: Collection[str]) -> list[tuple[str, int]]:
        return http_ends(self._ground.mesh, self._ground.topology, proxies)

    async def _cut_again_and_again(
        self, lease: str, effect: Effect, acted: Callable[[int], None] | None
    ) -> None:
        async def cut() -> None:
            async with self._ground.turns.shared():
                proxies = sorted(self._held[lease].proxies)
                async with gone(self._ground.runtime, self._ends(proxies)):
                    for proxy in proxies:
                        await self._ground.runtime.toxiproxy.cut(proxy)

        def note(at_ns: int) -> None:
            scope = self._held[lease].scope
            target = f"{scope.client}>{scope.service}"
            self._ground.ledger.add_fault(FaultEvent(lease, "evidence", at_ns, effect.kind, target))
            if acted is not None:
                acted(at_ns)

        self._cutters[lease] = Cutter(cut, effect.attributes["every_ms"] / 1000, note)
        await self._cutters[lease].start()


def _said(scope: Scope) -> str:
    who = scope.workload or scope.service
    which = f"replica {scope.replica} of " if scope.replica is not None else ""
    return f"between {scope.client} and {which}{who}"
