"""How many connections a process may hold, and how a host is told to allow more."""

from __future__ import annotations

import resource
from pathlib import Path

ENOUGH = 65_536
"""What is proposed at least: most hosts allow far more."""


def raise_limit_of_descriptors() -> None:
    """As many as the host lets us have: most start programs with 1,024, which a slow second of load needs twice."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_descriptors(pid: int | None = None) -> int | None:
    """The hard limit of open files of this process, or of another one of this machine. None: there is none, or nobody
    can tell."""
    if pid is None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if hard == resource.RLIM_INFINITY else hard
    try:
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except OSError:
        return None
    words = next((one.split() for one in lines if one.startswith("Max open files")), [])
    return int(words[4]) if len(words) > 4 and words[4].isdigit() else None


def how_to_raise(needed: int = 0) -> str:
    """What gets a hard limit of so many open files."""
    wanted = max(ENOUGH, 1 << max(0, needed - 1).bit_length())
    return (
        f"as root `ulimit -Hn {wanted}` in the shell that starts it (systemd: LimitNOFILE={wanted}; logins: hard nofile in "
        f"/etc/security/limits.conf; Docker: --ulimit nofile={wanted}, or default-ulimits of its daemon)"
    )
