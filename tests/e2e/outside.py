"""A run seen from outside: reads /proc itself and uses nothing of the runtime."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

_RUN = re.compile(rb"CHAOSMESH_RUN=(r[0-9a-f]+)\0")


def _living() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state not in "ZX":
                found.append(int(entry.name))
    return found


def run_of(pid: int) -> str:
    """The run that a process carries in its environment."""
    try:
        found = _RUN.search(Path(f"/proc/{pid}/environ").read_bytes() + b"\0")
    except OSError:
        return ""
    return found[1].decode() if found else ""


def marked() -> set[int]:
    """Living processes of any run."""
    return {pid for pid in _living() if run_of(pid)}


def pids(run: str) -> list[int]:
    """Living processes of a run."""
    return [pid for pid in _living() if run_of(pid) == run]


def children(parent: int) -> list[int]:
    """Living children of a process."""
    found = []
    for pid in _living():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(pid)
    return found


def keeper_of(main: int) -> int | None:
    """The one child of main that carries a run."""
    return next((pid for pid in children(main) if run_of(pid)), None)


def command_line(pid: int) -> str:
    """What a process was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def subnets(run: str) -> set[str]:
    """127.R of everything that processes of a run listen on, by their sockets."""
    inodes = {inode for pid in pids(run) for inode in _sockets_of(pid)}
    return {
        ".".join(address.split(".")[:2])
        for address, inode in _listening()
        if inode in inodes and address.startswith("127.") and not address.startswith("127.0.")
    }


def listeners(subnet: str) -> list[str]:
    """Sockets that listen on an address of 127.R.0.0/16."""
    return [address for address, _ in _listening() if address.startswith(f"{subnet}.")]


def _sockets_of(pid: int) -> set[str]:
    found = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                link = str(entry.readlink())
            except OSError:
                continue
            if link.startswith("socket:["):
                found.add(link[8:-1])
    except OSError:
        pass
    return found


def _listening() -> list[tuple[str, str]]:
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            address, port = fields[1].split(":")
            text = socket.inet_ntoa(struct.pack("<I", int(address, 16)))
            found.append((f"{text}:{int(port, 16)}", fields[9]))
    return found


def until(missing: Callable[[], str], within: float) -> None:
    """Waits until a condition answers with nothing."""
    end = time.monotonic() + within
    while text := missing():
        assert time.monotonic() < end, f"not within {within} s: {text}"
        time.sleep(0.02)
