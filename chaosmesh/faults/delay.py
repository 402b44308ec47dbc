"""A share of the attempts on an edge is held back by the callee's sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.faults.connections import LONGEST_MS, between
from chaosmesh.faults.requests import OnRequests, checked


@dataclass(frozen=True, slots=True)
class Delay(OnRequests):
    """`share` of the attempts reach their application `ms` later."""

    ms: int
    share: float
    seed: int
    workload: str | None = None
    kind: ClassVar[str] = "delay"

    def __post_init__(self) -> None:
        between("delay", "the delay in ms", self.ms, 1, LONGEST_MS, 'delay("300ms", share=0.5)')
        checked("delay", self, "share=0.5")

    @property
    def what(self) -> Mapping[str, Any]:
        """Milliseconds."""
        return {"delay_ms": self.ms}

    @property
    def drawn(self) -> tuple[float, int, str | None]:
        """As written."""
        return self.share, self.seed, self.workload
