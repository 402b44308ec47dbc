"""The whole edge is down: open connections end, new ones are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.base import AttemptSeen
from chaosmesh.faults.connections import Shown, broken


@dataclass(frozen=True, slots=True)
class Down(Shown):
    """Every proxy of the edge (or of one replica) is disabled."""

    kind: ClassVar[str] = "down"

    @property
    def values(self) -> Mapping[str, int]:
        """Nothing to measure out."""
        return {}

    def felt(self, attempt: AttemptSeen) -> bool:
        """By Envoy's flags."""
        return broken(attempt)
