"""The temporary folder of a run: sockets and bootstrap files, nothing that is worth keeping."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from chaosmesh.errors import EnvironmentFailedError
from chaosmesh.runtime import procs

OWNER_FILE = "owner"
PLANE = "plane"
"""Folder of the control plane's sockets, below the run's."""
SOCKET_LIMIT = 107  # bytes in the path of a unix socket


def new_run() -> str:
    """A run id that no other run has."""
    return f"r{secrets.token_hex(5)}"


def base() -> Path:
    """Where the temporary folders of this user's runs are."""
    return Path(tempfile.gettempdir()) / f"chaosmesh-{os.getuid()}"


def workdir(run: str) -> Path:
    """The run's temporary folder, made if need be; only this user can look into it."""
    folder = base() / run
    if len(str(folder / PLANE / "control.sock.logs")) > SOCKET_LIMIT:
        raise EnvironmentFailedError(
            f"{folder} is too long a path for a unix socket", hint="set TMPDIR to a shorter path, like /tmp"
        )
    base().mkdir(mode=0o700, exist_ok=True)
    if base().stat().st_uid != os.getuid():
        raise EnvironmentFailedError(
            f"{base()} belongs to another user", hint="set TMPDIR to a folder of your own"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / OWNER_FILE).write_text(procs.identity())
    return folder


def plane(run: str) -> Path:
    """The folder of the control plane's sockets, made if need be; only this user can look into it."""
    folder = workdir(run) / PLANE
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_secret(path: Path, text: str) -> None:
    """A file that only this user can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
