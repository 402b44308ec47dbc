"""A stand-in is cut down to a capacity: requests wait for their turn, or are refused over a queue's length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload(Act):
    """One request at a time, `capacity` a second, first come, first served. Without `queue` everybody waits; with it
    a request that finds that many waiting is answered 503 at once."""

    capacity: float
    queue: int | None = None
    kind: ClassVar[str] = "overload"

    def __post_init__(self) -> None:
        if not 0 < self.capacity <= 1_000_000:
            raise UsageError(
                f"overload: the capacity must be above 0 requests a second (got {self.capacity:g})",
                hint="overload(capacity=40)",
            )
        if self.queue is not None and not 1 <= self.queue <= 1_000_000:
            raise UsageError(
                f"overload: the queue must hold at least 1 request (got {self.queue})", hint="queue=100"
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """Requests a second, and how many may wait."""
        return {"capacity": self.capacity} | ({} if self.queue is None else {"queue": self.queue})

    async def apply(self, site: ProcessActs) -> None:
        """From the next request on."""
        await site.behave(self.id, self.copy, self.values, "overloaded", self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Who still waits is answered by the capacity of before."""
        await site.behave_again(self.id)
