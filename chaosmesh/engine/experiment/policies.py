"""A policy as something that is in force for a phase."""

from __future__ import annotations

from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.mesh import Mesh


class PolicyInForce:
    """Another policy than the one before, until it is taken back."""

    def __init__(self, live: LiveMesh, policy: Mesh, label: str) -> None:
        self._live = live
        self._policy = policy
        self._before: Mesh | None = None
        self.label = label

    async def apply(self) -> None:
        """Put it in force; when this returns it is, everywhere."""
        self._before = self._live.stack.mesh
        await self._live.use(self._policy)

    async def heal(self) -> None:
        """Bring back what was in force before."""
        if self._before is not None:
            await self._live.use(self._before)
            self._before = None
