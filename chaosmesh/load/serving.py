"""What the programs of load share: the line to main, its orders, and the end of the process.

Only programs that have imported Locust, which patches sockets, import this module.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from chaosmesh.load import wire

Orders = Mapping[str, Callable[[dict[str, Any]], None]]


def connected(path: str) -> socket.socket:
    """The line to main."""
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(path)
    return channel


def serve(channel: socket.socket, orders: Orders) -> None:
    """Does what main says until it hangs up."""
    frames = wire.Frames()
    while data := channel.recv(1 << 16):
        for _, payload in frames.feed(data):
            order = wire.read_control(payload)
            orders[order["do"]](order)


def or_end(work: Callable[[], None]) -> None:
    """Does something; an error ends the process. Locust or gevent would only print it, and its stream would never end."""
    try:
        work()
    except Exception:  # noqa: BLE001 - whatever it was, this process is of no use any more
        traceback.print_exc()
        _end(1)


def run(program: Callable[[], None]) -> None:
    """Runs a program, and ends the process with it."""
    or_end(program)
    _end(0)


def _end(code: int) -> None:
    """At once: greenlets of Locust would keep the interpreter waiting."""
    sys.stderr.flush()
    os._exit(code)
