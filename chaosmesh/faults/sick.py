"""A replica whose health checks fail, while it answers everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sick(Act):
    """Acts on health checks only: where the policy has none, nothing ever asks how the replica is."""

    kind: ClassVar[str] = "sick"

    async def apply(self, site: ProcessActs) -> None:
        """From the next health check on."""
        await site.behave(self.id, self.copy, {"healthy": False}, "unhealthy", self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """From the next health check on."""
        await site.behave_again(self.id)
