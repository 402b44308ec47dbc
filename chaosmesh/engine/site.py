"""What faults act on: the running mesh's request faults, and connection faults under leases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from chaosmesh.engine.held import Effect, Held, heirs, proxies_of, strays
from chaosmesh.engine.turns import Turns
from chaosmesh.envoy import Push
from chaosmesh.mesh import Mesh, RequestFault, Topology
from chaosmesh.runtime import Heal, Keeper, ProcessRuntime

LEASE_TTL = 120.0
"""Seconds a fault stays without a word from its owner; every cell and claim ends far sooner."""


class Ground(Protocol):
    """The running mesh, as far as faults need it."""

    mesh: Mesh
    topology: Topology
    keeper: Keeper
    runtime: ProcessRuntime
    turns: Turns

    async def push(self) -> Push:
        """Send the sidecars what they don't have yet of the policy and the request faults in force."""


class LiveSite:
    """The `Site` of a running mesh."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._faults: dict[str, RequestFault] = {}
        self._leases: set[str] = set()
        self._held: Held = {}

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

    def edge_proxies(self, client: str, service: str) -> tuple[str, ...]:
        """Proxies of an edge, every port of every replica behind the service."""
        return proxies_of(self._ground.mesh, self._ground.topology, client, service)

    @property
    def request_faults(self) -> tuple[RequestFault, ...]:
        """Request faults in force."""
        return tuple(self._faults.values())

    async def inherit(self, before: tuple[Mesh, Topology], after: tuple[Mesh, Topology]) -> None:
        """Hold what joins an edge that a lease holds as a whole."""
        for lease, proxy, effect in heirs(self._held, before, after):
            await self._hold(lease, proxy, effect)

    async def forget(self, after: tuple[Mesh, Topology], gone: Collection[str]) -> None:
        """Let go of proxies that belong to no edge any more; those in `gone` don't exist."""
        for lease, proxy, effect in strays(self._held, *after):
            await self._let_go(lease, proxy, effect, there=proxy not in gone)

    async def renew(self) -> None:
        """Give every leased fault another LEASE_TTL; owners who hold faults for longer call it in time."""
        for lease in tuple(self._leases):
            await self._ground.keeper.renew(lease)

    async def toxic(self, lease: str, proxy: str, kind: str, attributes: Mapping[str, Any]) -> None:
        """Add a toxic under a lease."""
        async with self._ground.turns.shared():
            await self._hold(lease, proxy, Effect(kind, attributes))

    async def untoxic(self, lease: str, proxy: str) -> None:
        """Remove a toxic and end its lease."""
        async with self._ground.turns.shared():
            await self._let_go(lease, proxy, Effect("toxic"))

    async def cut(self, lease: str, proxy: str) -> None:
        """Disable a proxy under a lease."""
        async with self._ground.turns.shared():
            await self._hold(lease, proxy, Effect())

    async def uncut(self, lease: str, proxy: str) -> None:
        """Enable a proxy and end its lease."""
        async with self._ground.turns.shared():
            await self._let_go(lease, proxy, Effect())

    async def _hold(self, lease: str, proxy: str, effect: Effect) -> None:
        client = self._ground.runtime.toxiproxy
        heal = client.heal_toxic(proxy, lease) if effect.kind else client.heal_switch(proxy)
        await self._lease(f"{lease}/{proxy}", heal)
        self._held[lease, proxy] = effect
        if effect.kind:
            await client.toxic(proxy, effect.kind, "downstream", effect.attributes or {}, lease)
        else:
            await client.disable(proxy, lease)

    async def _let_go(self, lease: str, proxy: str, effect: Effect, *, there: bool = True) -> None:
        client = self._ground.runtime.toxiproxy
        if there and effect.kind:
            await client.heal(proxy, lease)
        elif there:
            await client.enable(proxy, lease)
        self._held.pop((lease, proxy), None)
        await self._release(f"{lease}/{proxy}")

    async def _lease(self, lease: str, heal: Heal) -> None:
        await self._ground.keeper.lease(lease, [heal], LEASE_TTL)
        self._leases.add(lease)

    async def _release(self, lease: str) -> None:
        self._leases.discard(lease)
        await self._ground.keeper.release(lease)
