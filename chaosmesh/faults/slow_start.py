"""A replica that takes its time to come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.restart import Restart


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStart(Restart):
    """A restart that takes `after_s` seconds: nothing is answered before it is ready, and everything after that."""

    kind: ClassVar[str] = "slow_start"

    def __post_init__(self) -> None:
        Restart.__post_init__(self)
        if not self.after_s:
            raise UsageError("slow_start: it must take some time", hint='slow_start("2s"), or restart()')
