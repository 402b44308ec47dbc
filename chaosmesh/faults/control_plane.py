"""The control plane goes away, goes stale, or sends what Envoy refuses. Access logs come in all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ControlActs


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneKilled(Act):
    """Every stream breaks and nobody can connect; sidecars serve on as they last were told."""

    kind: ClassVar[str] = "control_plane_kill"

    async def apply(self, site: ControlActs) -> None:
        """Returns when all streams are broken."""
        await site.lose_control(self.id, self.evidence)

    async def heal(self, site: ControlActs) -> None:
        """Returns when every sidecar holds what it should again."""
        await site.regain_control(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneStale(Act):
    """No push reaches a sidecar: each fails at once, and the policy before stays. Acts once something is pushed."""

    kind: ClassVar[str] = "control_plane_stale"

    async def apply(self, site: ControlActs) -> None:
        """From the next push on."""
        await site.hold_back(self.id, self.evidence)

    async def heal(self, site: ControlActs) -> None:
        """From the next push on."""
        await site.let_through(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPush(Act):
    """Every sidecar is sent a cluster that no Envoy takes, and serves on as it was."""

    kind: ClassVar[str] = "bad_push"

    async def apply(self, site: ControlActs) -> None:
        """Returns when every sidecar has refused it."""
        await site.push_badly(self.id, self.evidence)

    async def heal(self, site: ControlActs) -> None:
        """Returns when every sidecar has acknowledged what it should hold."""
        await site.push_well(self.id)
