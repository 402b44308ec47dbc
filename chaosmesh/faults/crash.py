"""A process of a replica is killed; healing starts it anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(Act):
    """SIGKILL to the application of a replica, or to its sidecar. Callers are refused until it is back."""

    role: Role = "app"
    kind: ClassVar[str] = "crash"

    @property
    def values(self) -> Mapping[str, Any]:
        """Which process."""
        return {"process": self.role}

    async def apply(self, site: ProcessActs) -> None:
        """Returns when the process is gone."""
        await site.crash(self.copy, self.role, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when it serves again."""
        await site.revive(self.copy, self.role)
