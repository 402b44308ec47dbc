"""What the acts of faults stand on: the running mesh, and leases for what could outlive this process."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from chaosmesh.engine.copies import Copies
from chaosmesh.engine.secrets import Secrets
from chaosmesh.engine.turns import Turns
from chaosmesh.envoy import ControlPlane, Push, Snapshot
from chaosmesh.errors import UsageError
from chaosmesh.faults.grip import Copy
from chaosmesh.ledger import Ledger
from chaosmesh.mesh import Mesh, Replica, Topology
from chaosmesh.runtime import Heal, Keeper, Runtime
from chaosmesh.runtime.outside import Outside

LEASE_TTL = 120.0
"""Seconds a fault stays without a word from its owner; every cell and claim ends far sooner."""


class Ground(Protocol):
    """The running mesh, as far as faults need it."""

    mesh: Mesh
    topology: Topology
    keeper: Keeper
    runtime: Runtime
    turns: Turns
    ledger: Ledger
    control: ControlPlane
    secrets: Secrets
    copies: Copies
    externals: Sequence[Outside]

    async def push(self) -> Push:
        """Send the sidecars what they don't have yet of the policy and the request faults in force."""

    async def reshape(self, copies: Copies) -> Push:
        """The same policy on other replicas; after an error those before run."""

    def snapshots(self) -> Mapping[str, Snapshot]:
        """What every sidecar should hold now."""


class Grounded:
    """Base of what faults can do: the ground, and leases."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._leases: set[str] = set()
        self._absent: set[str] = set()

    @property
    def leases(self) -> Collection[str]:
        """Leases that were not released yet."""
        return frozenset(self._leases)

    @property
    def absent(self) -> Collection[str]:
        """Sidecars that a fault keeps from answering: no push waits for them, they get everything afterwards."""
        return frozenset(self._absent)

    def _replica(self, copy: Copy) -> Replica:
        for one in self._ground.topology.replicas_of(copy.node):
            if one.index == copy.index:
                return one
        raise UsageError(f"there is no replica {copy} now", hint="it was removed, or its node is gone")

    async def _secure(self, lease: str, heals: Sequence[Heal]) -> None:
        """Tell the keeper how to undo something, before it is done."""
        await self._ground.keeper.lease(lease, heals, LEASE_TTL)
        self._leases.add(lease)

    async def _release(self, lease: str) -> None:
        if lease in self._leases:
            self._leases.discard(lease)
            await self._ground.keeper.release(lease)
