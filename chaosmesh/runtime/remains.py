"""What a killed run left behind, and how to remove it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaosmesh.runtime import folder, procs


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process (`pid`) or a temporary folder (`path`) of a run."""

    run: str
    what: str
    pid: int = 0
    path: Path | None = None


def leftovers(run: str | None = None) -> list[Leftover]:
    """Everything of `run`; without one, everything of runs whose owner is gone (a living run is left alone)."""
    return [*_processes(run), *_folders(run)]


def clean(run: str | None = None) -> list[Leftover]:
    """Kills and removes what `leftovers` finds; returns it."""
    found = leftovers(run)
    for one in found:
        if one.path is not None:
            shutil.rmtree(one.path, ignore_errors=True)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    return found


def _processes(run: str | None) -> Iterator[Leftover]:
    for process in procs.marked(run):
        if run is not None or not procs.alive(process.owner):
            yield Leftover(process.run, process.command, pid=process.pid)


def _folders(run: str | None) -> Iterator[Leftover]:
    if not folder.base().is_dir():
        return
    for one in sorted(folder.base().iterdir()):
        owner = one / folder.OWNER_FILE
        dead = not (owner.is_file() and procs.alive(owner.read_text()))
        if one.name == run or (run is None and dead):
            yield Leftover(one.name, "temporary folder", path=one)
