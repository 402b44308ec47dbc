"""What all faults share that are on no edge: on a process, a sidecar, a capacity, the control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chaosmesh.faults.base import AttemptSeen, Dose
from chaosmesh.faults.evidence import Evidence
from chaosmesh.faults.grip import Copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A fault on a node, or on one replica of it, or (without a node) on the mesh as a whole."""

    id: str
    node: str = ""
    replica: int | None = None
    evidence: Evidence = field(default_factory=Evidence, compare=False)
    kind: ClassVar[str]

    @property
    def edge(self) -> tuple[str, str]:
        """There is none: ("", node)."""
        return "", self.node

    @property
    def size(self) -> Mapping[str, Any]:
        """The dose as asked for."""
        whole = {} if self.replica is None else {"replica": self.replica}
        return {**whole, **self.values}

    @property
    def values(self) -> Mapping[str, Any]:
        """What is asked for besides the replica."""
        return {}

    @property
    def copy(self) -> Copy:
        """The replica."""
        return Copy(self.node, self.replica or 0)

    def dose(self, attempts: Sequence[AttemptSeen]) -> Dose:
        """By what was seen of it. It may act without a single attempt, and no share of them can be told."""
        times = self.evidence.times
        return Dose(max(len(attempts), times, 1), times, 0.0, "act", str(self.evidence))
