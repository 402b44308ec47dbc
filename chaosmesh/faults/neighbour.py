"""Other work on the same host takes its cores."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyNeighbour(Act):
    """`cores` processes that never rest. On one host they are everybody's neighbours, the generator's too: where
    these don't get their time, a verdict is `invalid`, as it must be."""

    cores: int = 1
    kind: ClassVar[str] = "busy_neighbour"

    def __post_init__(self) -> None:
        there = os.cpu_count() or 1
        if not 1 <= self.cores <= there:
            raise UsageError(
                f"busy_neighbour: cores must be 1 to {there}, as many as this host has (got {self.cores})",
                hint="busy_neighbour(cores=1)",
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """Cores."""
        return {"cores": self.cores}

    async def apply(self, site: ProcessActs) -> None:
        """Returns when all of them run."""
        await site.burn(self.id, self.cores, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when they are gone."""
        await site.quench(self.id)
