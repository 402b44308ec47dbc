"""A replica is cut off from the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.faults.containers import OnContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(OnContainer):
    """What its pod sends and what is sent to it is lost, both ways and without a word: callers wait. Inside the pod
    everything goes on. Healing ends the connections that hung."""

    kind: ClassVar[str] = "partition"
