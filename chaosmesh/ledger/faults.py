"""What was done to the mesh, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FaultEvent:
    """One step of one fault: it was put in, seen to act, or taken out again.

    `at_ns` is epoch nanoseconds; `kind` is the fault's word ("errors", "latency", "crash", …); `target` is
    the edge ("client>service") or the replica ("node.index"); `attributes` are its doses.
    """

    fault: str
    phase: Literal["applied", "evidence", "healed"]
    at_ns: int
    kind: str
    target: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
