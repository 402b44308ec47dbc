"""Finds the processes of a run from outside: by their environment in /proc, never by a program's name."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RUN = "CHAOSMESH_RUN"  # in the environment of everything that a run starts: the run's id
OWNER = "CHAOSMESH_OWNER"  # who started the run: "<pid>:<start time in clock ticks since boot>"


@dataclass(frozen=True, slots=True)
class Process:
    """A process that carries a run's mark."""

    pid: int
    run: str
    owner: str
    command: str


def marked(run: str | None = None) -> Iterator[Process]:
    """Every living process of `run` (of any run without one) that this user may look at, but the caller."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            found = _read(entry)
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
        if found and (run is None or found.run == run):
            yield found


def kill_marked(run: str) -> None:
    """SIGKILL to every process of a run but the caller."""
    for process in marked(run):
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def identity(pid: int | None = None) -> str:
    """ "<pid>:<start time>" of a process (default: the caller); tells it from a later one with the same pid."""
    number = pid or os.getpid()
    return f"{number}:{stat(number)[19]}"


def alive(owner: str) -> bool:
    """Whether the process that `identity` named still runs."""
    pid = owner.partition(":")[0]
    if not pid.isdigit():
        return False
    try:
        return identity(int(pid)) == owner and stat(int(pid))[0] not in "ZX"
    except OSError:
        return False


def state(pid: int) -> str:
    """State letter of a process ("T" is stopped); OSError when there is none."""
    return stat(pid)[0]


def stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before may hold spaces and parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has taken; OSError when there is none."""
    user, system = stat(pid)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _read(entry: Path) -> Process | None:
    environment = (entry / "environ").read_bytes()
    if RUN.encode() not in environment:
        return None
    pairs = (item.partition(b"=") for item in environment.split(b"\0"))
    values = {key.decode(errors="replace"): value.decode(errors="replace") for key, _, value in pairs}
    if RUN not in values or stat(int(entry.name))[0] in "ZX":
        return None
    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return Process(int(entry.name), values[RUN], values.get(OWNER, ""), command)
