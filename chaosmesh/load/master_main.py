"""Several workers as one generator: `python -m chaosmesh.load.master_main SOCKET WORKERS HOST:PORT`.

Locust's own master. It gives every worker its part of a stream, and passes what they send on to main as if one
process had sent it all.
"""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  (it patches the standard library, so it comes first)
import os
import sys
from typing import Any

from locust.env import Environment

from chaosmesh.load.crew import Crew
from chaosmesh.load.locust_env import Pacer, prepare, statistics
from chaosmesh.load.part import TOKEN
from chaosmesh.load.serving import Orders, connected, run, serve


def main(path: str, workers: int, address: str) -> None:
    """Serves main until it hangs up."""
    channel = connected(path)
    environment = Environment(user_classes=[Pacer])
    prepare(environment)
    Pacer.fixed_count = workers
    host, _, port = address.rpartition(":")
    runner: Any = environment.create_master_runner(host.strip("[]"), int(port))
    crew = Crew(runner, workers, os.environ[TOKEN], channel.sendall)
    crew.say({"is": "listening", "port": runner.server.port})
    crew.gather()
    orders: Orders = {
        "begin": lambda order: crew.begin(order["stream"]),
        "stop": lambda order: crew.stop(order["stream"]),
        "statistics": lambda _: crew.say({"is": "statistics", "rows": statistics(environment)}),
    }
    serve(channel, orders)
    runner.quit()


if __name__ == "__main__":
    run(lambda: main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
