"""What runs on this machine, seen from outside: reads /proc itself and uses nothing of the runtime."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def pids(run: str) -> list[int]:
    """Living processes that carry the run's mark in their environment."""
    mark = f"CHAOSMESH_RUN={run}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes() + b"\0"
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark in environment and state not in "ZX":
                found.append(int(entry.name))
    return found


def listeners(subnet: str) -> list[str]:
    """Sockets that listen on an address of 127.R.0.0/16."""
    return [local for local, state in _sockets() if state == "0A" and local.startswith(f"{subnet}.")]


def connections(local: str) -> int:
    """Established connections that a server at `local` ("address:port") has accepted."""
    return [one for one, state in _sockets() if state == "01"].count(local)


def _sockets() -> Iterator[tuple[str, str]]:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, port = line.split()[1].split(":")
        text = socket.inet_ntoa(struct.pack("<I", int(address, 16)))
        yield f"{text}:{int(port, 16)}", line.split()[3]


def left(run: str, subnet: str) -> str:
    """What is left of a run; "" when nothing is."""
    running, listening = pids(run), listeners(subnet)
    return f"pids {running}, listening {listening}" if running or listening else ""


def until(true: Callable[[], bool], what: str, within: float) -> None:
    """Waits for a condition without an event loop."""
    end = time.monotonic() + within
    pause = 0.005
    while not true():
        assert time.monotonic() < end, f"{what}: not within {within} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


async def auntil(true: Callable[[], bool], what: str, within: float) -> None:
    """The same inside one."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"{what}: not within {within} s"
        await asyncio.sleep(0.01)
