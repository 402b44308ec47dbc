"""Runs a user's own locustfile: `python -m chaosmesh.load.users_main SOCKET FILE`.

Real Locust users in a closed loop: each waits for its answer before it goes on, so nobody feels a stall but the one
who waits. Spoken to as the generator is.
"""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  (it patches the standard library, so it comes first)
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent
from locust.env import Environment

from chaosmesh.load import userfile, wire
from chaosmesh.load.plan import Stream
from chaosmesh.load.serving import Orders, connected, or_end, run, serve
from chaosmesh.load.stamps import Stamps
from chaosmesh.services.descriptors import raise_limit_of_descriptors

_FLUSH_S = 0.02
_STOP_S = 5  # seconds that a user may take to end the task it is in
_READY = ("ready", "spawning", "running")


class Users:
    """One run of the file's users."""

    def __init__(self, say: Callable[[bytes], None], users: dict[str, type], shapes: list[Any]) -> None:
        self._out = say
        self._users = users
        self._shapes = shapes
        self._stopping = False
        self._errors = 0

    def begin(self, stream: Stream) -> None:
        """Starts them; records are delivered until all have stopped."""
        gevent.spawn(or_end, lambda: self._run(stream))

    def stop(self) -> None:
        """Ends them after the task that each is in."""
        self._stopping = True

    def _run(self, stream: Stream) -> None:
        closed = stream.closed
        if closed is None:
            raise ValueError("an open stream is not for users")
        stamps, cpu, begin = Stamps(stream, stream.url), time.process_time_ns(), time.monotonic()
        environment = Environment(
            user_classes=list(self._users.values()),
            host=stream.url,
            stop_timeout=_STOP_S,
            shape_class=self._shapes[0] if closed.users is None and self._shapes else None,
        )
        environment.events.request.add_listener(stamps.heard)  # type: ignore[no-untyped-call]
        environment.events.user_error.add_listener(self._user_error)  # type: ignore[no-untyped-call]
        runner = environment.create_local_runner()
        back = stamps.install()
        self.say({"is": "started", "stream": stream.id, "started_ns": time.time_ns()})
        environment.events.test_start.fire(environment=environment)  # type: ignore[no-untyped-call]
        if environment.shape_class is not None:
            self._take_end_of(environment.shape_class)
            runner.start_shape()
        else:
            runner.start(closed.users or 1, spawn_rate=closed.spawn_rate or closed.users or 1)
        while not self._over(stream, stamps, begin, runner):
            gevent.sleep(_FLUSH_S)
            self._deliver(stream, stamps)
        self._end(stream, stamps, runner)
        runner.quit()
        back()
        self._deliver(stream, stamps)
        self.say(
            {
                "is": "done",
                "stream": stream.id,
                "sent": stamps.sends.total,
                "dropped": 0,
                "retried": 0,
                "cpu_s": (time.process_time_ns() - cpu) / 1e9,
                "strangers": stamps.strangers,
                "user_errors": self._errors,
            }
        )

    def _over(self, stream: Stream, stamps: Stamps, begin: float, runner: Any) -> bool:
        enough = stream.count is not None and stamps.sends.total >= stream.count
        late = stream.duration is not None and time.monotonic() - begin >= stream.duration
        return self._stopping or enough or late or runner.state not in _READY

    def _take_end_of(self, shape: Any) -> None:
        """At its end Locust would kill users in the middle of a request; the end is ours."""
        tick, last = shape.tick, (0, 1)

        def ticked() -> Any:
            nonlocal last
            found = tick()
            if found is None:
                self._stopping = True
            else:
                last = found
            return last

        shape.tick = ticked

    def _end(self, stream: Stream, stamps: Stamps, runner: Any) -> None:
        """What is under way is waited for, as long as an answer may take."""
        stamps.closing = True
        until = time.monotonic() + stream.timeout
        while stamps.ended < stamps.sends.total and runner.user_count and time.monotonic() < until:
            gevent.sleep(_FLUSH_S)
            self._deliver(stream, stamps)

    def _deliver(self, stream: Stream, stamps: Stamps) -> None:
        rows, stamps.rows = stamps.rows, []
        sent = stamps.sends.take()
        if rows or sent:
            self._out(wire.records(stream.id, rows, sent))

    def _user_error(self, **_: object) -> None:
        self._errors += 1

    def say(self, message: dict[str, Any]) -> None:
        """Sends one control message."""
        self._out(wire.control(message))


def main(path: str, file: str) -> None:
    """Serves main until it hangs up."""
    channel = connected(path)
    raise_limit_of_descriptors()
    try:
        classes, shapes = userfile.users_of(file)
    except userfile.BadFileError as error:
        channel.sendall(wire.control({"is": "bad", **error.tree()}))
        channel.recv(1)  # main hangs up once it has read it
        return
    users = Users(channel.sendall, classes, shapes)
    users.say({"is": "ready", "shape": bool(shapes)})
    orders: Orders = {
        "begin": lambda order: users.begin(wire.stream_from_json(order["stream"])),
        "stop": lambda _: users.stop(),
    }
    serve(channel, orders)


if __name__ == "__main__":
    run(lambda: main(sys.argv[1], sys.argv[2]))
