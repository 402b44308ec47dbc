"""Whether anybody is still connected: read from the kernel, so that it holds for every protocol."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from chaosmesh.errors import DeadlineError
from chaosmesh.runtime import probe

ESTABLISHED, CLOSE_WAIT = "01", "08"
HERE = (Path("/proc/net/tcp"),)
"""The table of this machine's own network. A container's is that of any process in it."""


def connected(places: Collection[str], tables: Collection[Path] = HERE) -> dict[str, int]:
    """Open connections that were accepted at these places ("address:port"), where there are any."""
    counts: dict[str, int] = {}
    for local, _, state in _rows(tables):
        if state == ESTABLISHED and local in places:
            counts[local] = counts.get(local, 0) + 1
    return counts


def clients(places: Collection[str], tables: Collection[Path]) -> frozenset[tuple[bytes, bytes]]:
    """Clients' ends of connections to these places that their program has not closed: each as (own end, server's
    end), opaque."""
    return frozenset(
        (own.encode(), server.encode())
        for own, server, state in _rows(tables)
        if server in places and state in (ESTABLISHED, CLOSE_WAIT)
    )


async def drained(places: Collection[str], within: float, tables: Collection[Path] = HERE) -> bool:
    """Waits until nobody is connected to these places; False after `within` seconds."""
    if not places:
        return True

    async def look() -> str:
        found = connected(places, tables)
        return ", ".join(f"{count} connections to {place}" for place, count in found.items())

    try:
        await probe.until("open connections end", look, within=within)
    except DeadlineError:
        return False
    return True


def _rows(tables: Collection[Path]) -> Iterator[tuple[str, str, str]]:
    """(own end, other end, state) of every TCP connection; a table that is gone with its container has none."""
    for table in tables:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield _place(fields[1]), _place(fields[2]), fields[3]


def _place(text: str) -> str:
    address, _, port = text.partition(":")
    return f"{socket.inet_ntoa(struct.pack('=I', int(address, 16)))}:{int(port, 16)}"
