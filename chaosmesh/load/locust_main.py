"""The program of the generator's process: `python -m chaosmesh.load.locust_main SOCKET`.

Locust patches the standard library when it is imported, so it comes first; nothing of main's process may
import this module. The process is kept warm between streams and ends when main closes the socket.
"""

from __future__ import annotations

import locust  # isort: skip
import gc
import os
import resource
import socket
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from gevent import get_hub
from locust import stats
from locust.env import Environment

from chaosmesh.load import wire
from chaosmesh.load.generator import Generator

_PERCENTILES = (0.5, 0.95, 0.99)


class Pacer(locust.User):
    """The one user: it paces every stream, so Locust's own user count says nothing about the load."""

    fixed_count = 1
    generator: Generator

    @locust.task
    def drive(self) -> None:
        """Runs until Locust stops the user."""
        self.generator.drive()


def three_digits(response_time: float) -> float:
    """Bucket of a response time in ms: three digits instead of Locust's two."""
    if response_time < 10:
        return round(response_time, 2)
    if response_time < 100:
        return round(response_time, 1)
    return float(f"{response_time:.3g}")


def statistics(environment: Environment) -> list[dict[str, Any]]:
    """Locust's own table, one row per request name."""
    return [
        {
            "method": entry.method,
            "name": entry.name,
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "percentiles": {str(p): entry.get_response_time_percentile(p) for p in _PERCENTILES},
        }
        for entry in environment.stats.entries.values()
    ]


def main(path: str) -> None:
    """Serves main until it hangs up."""
    _end_on_any_error()
    _raise_limit_of_descriptors()
    stats.bucket_response_time = three_digits  # type: ignore[assignment]  # Locust's own returns whole ms
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(path)
    environment = Environment(user_classes=[Pacer])
    environment.events.user_error.add_listener(_fail)  # type: ignore[no-untyped-call]
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


def _end_on_any_error() -> None:
    """An error in a callback would only be printed, and its stream would never end."""
    hub = get_hub()
    hub.SYSTEM_ERROR = (*hub.SYSTEM_ERROR, Exception)


def _fail(exception: BaseException, tb: TracebackType, **_: object) -> None:
    get_hub().handle_error(None, type(exception), exception, tb)


def _raise_limit_of_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stderr.flush()
    os._exit(0)  # greenlets of Locust would keep the interpreter waiting
