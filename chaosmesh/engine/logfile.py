"""What a sidecar writes into its workload's own access log."""

from __future__ import annotations

import contextlib
from pathlib import Path

from chaosmesh.engine.stack import Stack
from chaosmesh.envoy import filelog
from chaosmesh.errors import ChaosMeshError
from chaosmesh.runtime import probe
from chaosmesh.runtime.parts import Part

DEADLINE = 5.0
"""Seconds; the sidecars write their files out every 100 ms."""


class LogFile:
    """The log of the first copy of a workload, from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = path.stat().st_size if path.exists() else 0

    @classmethod
    def of(cls, stack: Stack, workload: str) -> LogFile | None:
        """None for a workload that declares none. A standard stream is that of the sidecar's process."""
        written = stack.mesh.workload(workload).access_log
        if written is None:
            return None
        replica, logs = stack.topology.replicas_of(workload)[0], stack.folder.logs.resolve()
        if written.path in filelog.STREAMS:
            return cls(logs / f"{Part('sidecar', replica).name}.log")
        return cls(filelog.file_of(written, replica, logs))

    async def grown(self, lines: int) -> str:
        """What was written since, once it holds that many lines, or what there is at the deadline."""

        async def look() -> str:
            n = self._new().count("\n")
            return "" if n >= lines else f"{n} of {lines} lines"

        with contextlib.suppress(ChaosMeshError):
            await probe.until(str(self._path), look, within=DEADLINE)
        return self._new()

    def _new(self) -> str:
        if not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")
