"""The program of the generator's process: `python -m chaosmesh.load.locust_main SOCKET`.

Locust patches the standard library when it is imported, so it comes first; nothing of main's process may
import this module. The process is kept warm between streams and ends when main closes the socket.
"""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401
import gc
import sys

from locust.env import Environment

from chaosmesh.load import wire
from chaosmesh.load.generator import Generator
from chaosmesh.load.locust_env import Pacer, prepare, statistics
from chaosmesh.load.serving import Orders, connected, run, serve


def main(path: str) -> None:
    """Serves main until it hangs up."""
    channel = connected(path)
    environment = Environment(user_classes=[Pacer])
    prepare(environment)
    Pacer.generator = generator = Generator(channel.sendall, environment.events.request.fire)
    environment.create_local_runner().start(1, spawn_rate=1)
    generator.driving.wait()
    gc.collect()
    gc.freeze()  # a full collection of Locust's objects stops every request for 30 ms
    generator.say({"is": "ready"})
    orders: Orders = {
        "begin": lambda order: generator.begin(wire.stream_from_json(order["stream"])),
        "stop": lambda order: generator.stop(order["stream"]),
        "statistics": lambda _: generator.say({"is": "statistics", "rows": statistics(environment)}),
    }
    serve(channel, orders)


if __name__ == "__main__":
    run(lambda: main(sys.argv[1]))
