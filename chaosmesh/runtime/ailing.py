"""What can be done to a container, and how it is undone and seen: the side of the runtime that faults use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chaosmesh.runtime.heal import Heal


class Ailing(Protocol):
    """One thing that is about to be done to a container; that it can be done has been checked."""

    @property
    def heals(self) -> Sequence[Heal]:
        """What undoes it, as data for a lease: harmless where nothing was done."""

    async def begin(self) -> None:
        """Do it; in force when this returns."""

    async def end(self) -> None:
        """Undo it; undone when this returns."""

    async def seen(self) -> tuple[int, str]:
        """How often it acted, and how that was seen. It may be asked again and again."""
