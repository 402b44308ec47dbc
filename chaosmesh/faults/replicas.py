"""A replica is taken out of the mesh, or one is added: by the control plane, without a call that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Act):
    """The replica is no endpoint any more, its calls end, its processes are stopped. Healing brings it back."""

    kind: ClassVar[str] = "remove"

    async def apply(self, site: ProcessActs) -> None:
        """Returns when nobody calls it and it is gone."""
        await site.take_out(self.copy, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when it is called again."""
        await site.put_back(self.copy)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReplica(Act):
    """One replica more. Healing takes it out."""

    kind: ClassVar[str] = "add_replica"

    async def apply(self, site: ProcessActs) -> None:
        """Returns when it is called."""
        await site.grow(self.node, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when it is gone."""
        if self.evidence.times:
            await site.shrink(self.node)
