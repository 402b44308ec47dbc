"""A process of a replica is stopped: its connections are taken by the kernel, nothing is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang(Act):
    """SIGSTOP to the application of a replica, or to its sidecar (then it is called `pause`). Healing cuts the
    connections that hung: what piled up is not answered late."""

    role: Role = "app"
    kind: ClassVar[str] = "hang"

    @property
    def values(self) -> Mapping[str, Any]:
        """Which process."""
        return {"process": self.role}

    async def apply(self, site: ProcessActs) -> None:
        """Returns when the process is stopped."""
        await site.freeze(self.id, self.copy, self.role, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when it goes on."""
        await site.thaw(self.id, self.copy, self.role)
