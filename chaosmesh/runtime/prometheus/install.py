"""Finds the Prometheus server on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from chaosmesh.errors import EnvironmentFailedError, MissingProgramError

NAME = "prometheus"
HINT = "apt-get install --no-install-recommends prometheus, or set CHAOSMESH_PROMETHEUS to the program"


def find() -> Path | None:
    """$CHAOSMESH_PROMETHEUS, else `prometheus` on PATH; None when there is none.

    Raises EnvironmentFailedError when $CHAOSMESH_PROMETHEUS names no program.
    """
    if named := os.environ.get("CHAOSMESH_PROMETHEUS"):
        path = Path(named)
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise EnvironmentFailedError(f"CHAOSMESH_PROMETHEUS is {named}, which is no program", hint=HINT)
        return path
    found = shutil.which(NAME)
    return Path(found) if found else None


def require() -> Path:
    """`find`, or MissingProgramError with the command that gets it."""
    found = find()
    if found is None:
        raise MissingProgramError("Prometheus is not installed", hint=HINT)
    return found
