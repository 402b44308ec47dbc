"""A folder that was named as a run and has no result: what it is instead, and what to do next."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.engine.folder import RunFolder
from chaosmesh.errors import UsageError
from chaosmesh.ledger.store import REQUESTS

LATEST = "latest"


def begun(folder: Path) -> bool:
    """Whether a run was begun in a folder, however it ended."""
    run = RunFolder(folder)
    return run.config.is_dir() and run.logs.is_dir()


def absent(folder: Path, name: str) -> UsageError:
    """The error for a folder without its file `name`, which every run that ended has."""
    if not folder.is_dir():
        return _named(f"there is no folder {folder}")
    if (folder / LATEST).is_dir():
        return UsageError(
            f"{folder} holds runs and is none itself", hint=f"its last run is {folder / LATEST}"
        )
    if begun(folder):
        kept = f"; what it recorded: chaosmesh trace {folder}" if (folder / REQUESTS).is_file() else ""
        text = f"{folder / name} is missing: the run has not ended, or was killed before it told its result"
        return UsageError(text, hint=f"run it again{kept}")
    return _named(f"{folder / name} is missing")


def _named(text: str) -> UsageError:
    return UsageError(text, hint="name the folder of a run, for example runs/NAME/latest")
