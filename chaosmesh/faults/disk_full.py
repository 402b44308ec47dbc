"""A volume of a workload is full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar

from chaosmesh.errors import UsageError
from chaosmesh.faults.containers import OnContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFull(OnContainer):
    """Not a byte more can be written below `path`, which must be a volume of its own with a size: another container's
    disk, or this machine's, is never filled."""

    path: str
    kind: ClassVar[str] = "disk_full"

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if not path.is_absolute() or path == PurePosixPath("/") or ".." in path.parts:
            raise UsageError(
                f"disk_full: {self.path!r} is no absolute path of a volume", hint='disk_full("/data")'
            )

    @property
    def values(self) -> Mapping[str, Any]:
        """Where."""
        return {"path": str(PurePosixPath(self.path))}
