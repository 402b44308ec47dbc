"""Whether anybody is still connected: read from the kernel, so that it holds for every protocol."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from chaosmesh.errors import DeadlineError
from chaosmesh.runtime import probe

ESTABLISHED = "01"
_TABLE = Path("/proc/net/tcp")


def connected(places: Collection[str]) -> dict[str, int]:
    """Open connections that were accepted at these places ("address:port"), where there are any."""
    counts: dict[str, int] = {}
    for place in _accepted():
        if place in places:
            counts[place] = counts.get(place, 0) + 1
    return counts


async def drained(places: Collection[str], within: float) -> bool:
    """Waits until nobody is connected to these places; False after `within` seconds."""
    if not places:
        return True

    async def look() -> str:
        return ", ".join(f"{count} connections to {place}" for place, count in connected(places).items())

    try:
        await probe.until("open connections end", look, within=within)
    except DeadlineError:
        return False
    return True


def _accepted() -> Iterator[str]:
    for line in _TABLE.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == ESTABLISHED:
            address, _, port = fields[1].partition(":")
            yield f"{socket.inet_ntoa(struct.pack('=I', int(address, 16)))}:{int(port, 16)}"
