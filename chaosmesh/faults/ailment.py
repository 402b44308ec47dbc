"""What faults on containers need of the running mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Copy, Role


@dataclass(frozen=True, slots=True)
class Ailment:
    """What is done to a container. `kind`: "partition", "dns", "cpu" (`share` of a core), "memory" (`bytes`) or
    "disk_full" (`path`)."""

    kind: str
    values: Mapping[str, Any]


class ContainerActs(Protocol):
    """What faults do to containers."""

    async def afflict(self, lease: str, copy: Copy, role: Role, ailment: Ailment, evidence: Evidence) -> None:
        """Do it under a lease. UsageError for what can't be done to this container, and then nothing was done."""

    async def relieve(self, lease: str) -> None:
        """Undo it and end the lease; harmless where nothing was done."""
