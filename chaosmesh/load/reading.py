"""Asks a process of Locust's whether a user's Locust file can be used: importing Locust would change the sockets of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaosmesh.errors import UsageError, Where

_READ_S = 60.0


def check_locustfile(file: Path) -> Sequence[str]:
    """The names of its User classes; UsageError with the line where it goes wrong."""
    if not file.is_file():
        raise UsageError(f"--locustfile: there is no file {file}")
    argv = (sys.executable, "-m", "chaosmesh.load.userfile_main", str(file))
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=_READ_S, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"{file} was not read within {_READ_S:g} s",
            where=Where(str(file)),
            hint="what takes time belongs into on_start or a task",
        ) from None
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise UsageError(f"{file} can't be read: {ran.stderr[-500:]}", where=Where(str(file)))
    tree: dict[str, Any] = json.loads(lines[-1])
    if "error" in tree:
        raise UsageError(tree["error"], where=Where(tree["file"], tree["line"]), hint=tree["hint"])
    return tuple(tree["users"])
