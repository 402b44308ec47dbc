"""What a killed run left behind, and how to remove it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime import folder, procs

if TYPE_CHECKING:
    from chaosmesh.runtime.docker.leftovers import Trace


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process (`pid`), a temporary folder (`path`), or something in the Docker engine (`trace`) of a run."""

    run: str
    what: str
    pid: int = 0
    path: Path | None = None
    trace: Trace | None = None


def leftovers(run: str | None = None) -> list[Leftover]:
    """Everything of `run`; without one, everything of runs whose owner is gone (a living run is left alone). What
    is in a Docker engine is found where one can be asked."""
    return [*_processes(run), *_folders(run), *_contained(run)]


def clean(run: str | None = None) -> list[Leftover]:
    """Kills and removes what `leftovers` finds; returns it."""
    found = leftovers(run)
    for one in found:
        if one.trace is not None:
            continue
        if one.path is not None:
            shutil.rmtree(one.path, ignore_errors=True)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    contained = [one.trace for one in found if one.trace is not None]
    if contained:
        from chaosmesh.runtime.docker import leftovers as engine

        engine.remove(contained)
    return found


def _contained(run: str | None) -> Iterator[Leftover]:
    """A user without an engine never had anything there, and is not made to wait for its client to load."""
    if not (os.environ.get("DOCKER_HOST") or Path("/var/run/docker.sock").exists()):
        return
    from chaosmesh.runtime.docker import leftovers as engine
    from chaosmesh.runtime.docker.engine import connect

    try:
        client = connect()
    except EnvironmentFailedError:
        return
    for one in engine.abandoned(client) if run is None else engine.of(client, run):
        yield Leftover(one.run, f"{one.kind} {one.name}", trace=one)


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
