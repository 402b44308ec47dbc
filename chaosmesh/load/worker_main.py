"""One of several workers: `python -m chaosmesh.load.worker_main HOST PORT`, the token in the environment.

Locust's own worker runs the pacer; orders and records travel as messages of Locust's between master and worker.
"""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  (it patches the standard library, so it comes first)
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from locust.env import Environment

from chaosmesh.load import wire
from chaosmesh.load.generator import Generator
from chaosmesh.load.locust_env import Pacer, prepare
from chaosmesh.load.part import TOKEN, Host, Part
from chaosmesh.load.serving import or_end, run


class Worker:
    """Follows the master's orders."""

    def __init__(self, host: str, port: int, token: str) -> None:
        environment = Environment(user_classes=[Pacer])
        prepare(environment)
        self._token = token
        self._runner: Any = environment.create_worker_runner(host, port)
        self._generator = Pacer.generator = Generator(self._frame, environment.events.request.fire)
        self._generator.ending = self._runner._send_stats  # the master's table is whole when a stream ends
        orders: dict[str, Callable[[Any], None]] = {
            "chaosmesh_begin": self._begin,
            "chaosmesh_stop": lambda order: self._generator.stop(order["stream"]),
            "chaosmesh_clock": self._clock,
        }
        for name, order in orders.items():
            self._runner.register_message(name, _surely(order))
        here = Host.here()
        self._say("chaosmesh_joins", {"clock": here.clock, "network": here.network, "pid": os.getpid()})

    def serve(self) -> None:
        """Until the master says that it is over, or is gone."""
        self._generator.driving.wait()
        gc.collect()
        gc.freeze()  # a full collection of Locust's objects stops every request for 30 ms
        self._say("chaosmesh_drives", {})
        self._runner.greenlet.join()

    def _begin(self, order: Any) -> None:
        self._generator.begin(wire.stream_from_json(order["stream"]), Part.of_tree(order["part"]))

    def _clock(self, order: Any) -> None:
        self._say("chaosmesh_clock", {"asked": order["asked"], "theirs": time.monotonic_ns()})

    def _frame(self, frame: bytes) -> None:
        self._say("chaosmesh_frame", {"frame": frame})

    def _say(self, name: str, data: dict[str, Any]) -> None:
        self._runner.send_message(name, {"token": self._token, **data})


def _surely(order: Callable[[Any], None]) -> Callable[..., None]:
    """As Locust calls it."""

    def obey(*, msg: Any, **_: object) -> None:
        or_end(lambda: order(msg.data))

    return obey


if __name__ == "__main__":
    run(lambda: Worker(sys.argv[1], int(sys.argv[2]), os.environ.get(TOKEN, "")).serve())
