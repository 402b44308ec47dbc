"""A container gets less of the machine: of its cores, or of its memory."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.containers import OnContainer
from chaosmesh.faults.grip import Role

LEAST_SHARE = 0.01
"""Of a core: the kernel's scheduler refuses less (1 ms in each 100 ms)."""
LEAST_BYTES = 6 * 2**20
"""The least that Docker takes for a container's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuLimit(OnContainer):
    """At most `share` of one core: 0.25 is a quarter of it, 1.5 one and a half."""

    share: float
    kind: ClassVar[str] = "cpu"

    def __post_init__(self) -> None:
        cores = os.cpu_count() or 1
        if not (math.isfinite(self.share) and LEAST_SHARE <= self.share <= cores):
            raise UsageError(
                f"cpu: the share must be from {LEAST_SHARE} to {cores} cores, as many as this host has (got {self.share:g})",
                hint="cpu(0.1) leaves it a tenth of a core",
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """Share of a core."""
        return {"share": self.share, **_of(self.role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit(OnContainer):
    """At most `bytes` of memory, and no swap: who needs more is killed by the kernel. Healing starts again what was
    killed."""

    bytes: int
    kind: ClassVar[str] = "memory"

    def __post_init__(self) -> None:
        if not LEAST_BYTES <= self.bytes <= _there():
            raise UsageError(
                f"memory: the limit must be from {LEAST_BYTES // 2**20} MiB, which is the least that Docker takes, to "
                f"{_there() // 2**20:,} MiB, as much as this host has (got {self.bytes:,} bytes)",
                hint='memory("64MiB")',
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """Bytes."""
        return {"bytes": self.bytes, **_of(self.role)}


def _there() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of(role: Role) -> Mapping[str, Any]:
    return {} if role == "app" else {"process": role}
