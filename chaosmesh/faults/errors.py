"""A share of the attempts on an edge is answered with an error status by the callee's sidecar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.faults.base import AttemptSeen, Dose, Site
from chaosmesh.mesh import RequestFault


@dataclass(frozen=True, slots=True)
class Errors:
    """`share` of the attempts get `status`; victims are drawn per attempt from `seed`."""

    id: str
    edge: tuple[str, str]
    status: int
    share: float
    seed: int
    workload: str | None = None
    kind: str = "errors"

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UsageError(
                f"errors: share must be above 0 and at most 1 (got {self.share})", hint="share=0.3"
            )
        if not 200 <= self.status <= 599:
            raise UsageError(
                f"errors: status must be 200–599 (got {self.status})", hint="errors(503, share=0.3)"
            )

    @property
    def size(self) -> Mapping[str, Any]:
        """Status and share."""
        return {"status": self.status, "share": self.share}

    async def apply(self, site: Site) -> None:
        """One route push to the callees."""
        client, service = self.edge
        await site.inject(
            RequestFault(
                self.id, client, service, self.share, self.seed, status=self.status, workload=self.workload
            )
        )

    async def heal(self, site: Site) -> None:
        """One route push back."""
        await site.withdraw(self.id)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """Victims are marked in the callee's access log."""
        return Dose(len(attempts), sum(a.victim == self.id for a in attempts), self.share)
