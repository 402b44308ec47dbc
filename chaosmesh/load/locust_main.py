"""The program of the generator's process: `python -m chaosmesh.load.locust_main SOCKET`.

Locust patches the standard library when it is imported, so it comes first; nothing of main's process may
import this module. The process is kept warm between streams and ends when main closes the socket.
"""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401
import gc
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from locust.env import Environment

from chaosmesh.load import wire
from chaosmesh.load.generator import Generator
from chaosmesh.load.locust_env import Pacer, prepare, statistics


def main(path: str) -> None:
    """Serves main until it hangs up."""
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(path)
    environment = Environment(user_classes=[Pacer])
    prepare(environment)
    Pacer.generator = Generator(channel.sendall, environment.events.request.fire)
    environment.create_local_runner().start(1, spawn_rate=1)
    Pacer.generator.driving.wait()
    gc.collect()
    gc.freeze()  # a full collection of Locust's objects stops every request for 30 ms
    Pacer.generator.say({"is": "ready"})
    _serve(channel, environment)


def _serve(channel: socket.socket, environment: Environment) -> None:
    generator = Pacer.generator
    orders: dict[str, Callable[[dict[str, Any]], None]] = {
        "begin": lambda order: generator.begin(wire.stream_from_json(order["stream"])),
        "stop": lambda order: generator.stop(order["stream"]),
        "statistics": lambda _: generator.say({"is": "statistics", "rows": statistics(environment)}),
    }
    frames = wire.Frames()
    while data := channel.recv(1 << 16):
        for _, payload in frames.feed(data):
            order = wire.read_control(payload)
            orders[order["do"]](order)


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stderr.flush()
    os._exit(0)  # greenlets of Locust would keep the interpreter waiting
