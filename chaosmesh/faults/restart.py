"""An application ends and comes back by itself: at once, or after a slow start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.acts import Act
from chaosmesh.faults.grip import ProcessActs

LONGEST_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Act):
    """SIGKILL; `after_s` seconds later it is started again, while load goes on. Until then callers are refused, as
    by a replica that does not serve before it is ready."""

    after_s: float = 0.0
    kind: ClassVar[str] = "restart"

    def __post_init__(self) -> None:
        if not 0 <= self.after_s <= LONGEST_S:
            raise UsageError(
                f"{self.kind}: it must come back within {LONGEST_S:.0f} s (got {self.after_s:g} s)",
                hint='slow_start("2s"); crash() stays down until it is healed',
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """How long it takes, in seconds."""
        return {"after_s": self.after_s} if self.after_s else {}

    async def apply(self, site: ProcessActs) -> None:
        """Returns when the process is gone."""
        await site.restart(self.id, self.copy, self.after_s, self.evidence)

    async def heal(self, site: ProcessActs) -> None:
        """Returns when it serves again, sooner than asked for if need be."""
        await site.restarted(self.id, self.copy)
