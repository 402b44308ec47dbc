"""What the faults share that only containers have."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.faults.acts import Act
from chaosmesh.faults.ailment import Ailment, ContainerActs
from chaosmesh.faults.grip import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OnContainer(Act):
    """Base: on the application of a replica, or on its sidecar."""

    role: Role = "app"

    async def apply(self, site: ContainerActs) -> None:
        """Returns when it is in force."""
        ailment = Ailment(self.kind, self.values)
        await site.afflict(self.id, self.copy, self.role, ailment, self.evidence)

    async def heal(self, site: ContainerActs) -> None:
        """Returns when it is as before."""
        await site.relieve(self.id)
