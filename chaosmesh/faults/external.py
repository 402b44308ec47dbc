"""Faults on connections to something outside the mesh: those of an edge, without a sidecar that sees attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.faults.base import AttemptSeen, Dose, Effect, Site
from chaosmesh.faults.connections import OnConnections
from chaosmesh.faults.evidence import Evidence


@dataclass(frozen=True, slots=True)
class OnExternal:
    """A fault on an edge, on the external `name` instead. No sidecar is on the way, so no attempt shows it: it is seen
    in the connections that were open under it."""

    name: str
    fault: OnConnections
    evidence: Evidence = field(default_factory=Evidence, compare=False)

    @property
    def id(self) -> str:
        """Unique in the run."""
        return self.fault.id

    @property
    def kind(self) -> str:
        """The fault's word."""
        return self.fault.kind

    @property
    def edge(self) -> tuple[str, str]:
        """There is no client that is known: ("", name)."""
        return "", self.name

    @property
    def size(self) -> Mapping[str, Any]:
        """The dose as asked for."""
        return self.fault.size

    async def apply(self, site: Site) -> None:
        """In force for open connections too."""
        effect = Effect(self.fault.kind, self.fault.values, self.fault.stream)
        await site.hinder(self.id, self.name, effect, self.evidence)

    async def heal(self, site: Site) -> None:
        """As before."""
        await site.unhinder(self.id)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """By what was seen of the connections."""
        times = self.evidence.times
        return Dose(max(len(attempts), times, 1), times, 0.0, "act", str(self.evidence))
