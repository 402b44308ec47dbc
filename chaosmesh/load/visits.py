"""One process's part of one test: the requests of its users become a stream of main's.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import gc
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import gevent
from gevent.event import Event

from chaosmesh.load import wire
from chaosmesh.load.following import Following
from chaosmesh.load.line import Line
from chaosmesh.load.pacer import epoch_offset
from chaosmesh.load.plan import Stream
from chaosmesh.load.stamps import Stamps
from chaosmesh.load.telling import Fire, tell

logger = logging.getLogger("chaosmesh")

FLUSH_S = 0.02
"""How long a finished request waits at most before it is on its way to main."""

USERS_S = 0.5
"""How often main is told how many users there are."""

_HURRY_S = 1.0


class Visit(Protocol):
    """A stream that runs; `end` returns once everything was answered, told and reported."""

    def end(self, *, hurry: bool) -> None: ...


class _Visiting(ABC):
    """What both kinds have in common: batches on their way to main, and the end."""

    def __init__(self, line: Line, stream: Stream) -> None:
        self.stream = stream
        self._line = line
        self._cpu = time.process_time_ns()
        self._ending = False
        self._over = Event()
        gc.collect()
        gc.freeze()  # a full collection of Locust's objects stops every request for 30 ms
        self._tasks = [gevent.spawn(self._flush), gevent.spawn(self._count)]

    def end(self, *, hurry: bool) -> None:
        """No more requests; those under way are waited for as long as an answer may take, in a hurry a second."""
        if self._ending:
            self._over.wait()
            return
        self._ending = True
        self._no_more()
        until = time.monotonic() + (_HURRY_S if hurry else self.stream.timeout + FLUSH_S)
        while not self._quiet() and time.monotonic() < until:
            gevent.sleep(FLUSH_S)
            self._deliver()
        gevent.killall(self._tasks)
        self._close()
        self._deliver()
        totals = {"cpu_s": (time.process_time_ns() - self._cpu) / 1e9, **self._totals()}
        self._line.say({"is": "done", "stream": self.stream.id, **totals})
        self._over.set()

    def _flush(self) -> None:
        while True:
            gevent.sleep(FLUSH_S)
            self._deliver()

    def _count(self) -> None:
        last: tuple[int, float] | None = None
        while True:
            present = self._present()
            if present != last:
                last = present
                self._line.say({"is": "users", "stream": self.stream.id, "users": last[0], "rate": last[1]})
            gevent.sleep(USERS_S)

    @abstractmethod
    def _present(self) -> tuple[int, float]: ...

    @abstractmethod
    def _no_more(self) -> None: ...

    @abstractmethod
    def _quiet(self) -> bool: ...

    @abstractmethod
    def _deliver(self) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...

    @abstractmethod
    def _totals(self) -> Mapping[str, Any]: ...


class Ride(_Visiting):
    """Passengers: our pacer sends for all of them, `each` requests a second for every one who is aboard."""

    def __init__(self, line: Line, stream: Stream, each: float, fire: Fire, index: int, of: int) -> None:
        self._each, self._fire = each, fire
        self._aboard = 0
        self._flow = Following(stream, index, of)
        line.say({"is": "started", "stream": stream.id, "started_ns": self._flow.started_ns})
        super().__init__(line, stream)

    def board(self, change: int) -> None:
        """So many passengers more, or less."""
        self._aboard += change
        self._flow.change(self._aboard * self._each)

    def _present(self) -> tuple[int, float]:
        return self._aboard, self._aboard * self._each

    def _no_more(self) -> None:
        self._flow.stop()

    def _quiet(self) -> bool:
        return self._flow.over

    def _deliver(self) -> None:
        rows, sent = self._flow.take(), self._flow.sends.take()
        if rows or sent:
            self._line.send(wire.records(self.stream.id, rows, sent))
        if rows:
            tell(self._fire, self.stream, rows)

    def _close(self) -> None:
        self._flow.abort()
        self._deliver()
        self._flow.close()
        if self._flow.failed is not None:
            logger.error("the pacer failed: %r", self._flow.failed, exc_info=self._flow.failed)

    def _totals(self) -> Mapping[str, Any]:
        flow = self._flow
        return {"sent": flow.sends.total, "dropped": flow.dropped, "retried": flow.retried}


class Guests(_Visiting):
    """Users of a locustfile, who wait for each answer: their own clients' requests get our numbers."""

    def __init__(self, line: Line, stream: Stream, events: Any, users: Callable[[], int]) -> None:
        self._events, self._users = events, users
        self._errors = 0
        self._stamps = Stamps(stream, stream.url)
        self._back = self._stamps.install()
        events.request.add_listener(self._stamps.heard)
        events.user_error.add_listener(self._user_error)
        started = time.monotonic_ns() + epoch_offset()
        line.say({"is": "started", "stream": stream.id, "started_ns": started})
        super().__init__(line, stream)

    def _present(self) -> tuple[int, float]:
        return self._users(), 0.0

    def _no_more(self) -> None:
        self._stamps.closing = True

    def _quiet(self) -> bool:
        return self._stamps.ended + self._stamps.given_up >= self._stamps.sends.total

    def _deliver(self) -> None:
        rows, self._stamps.rows = self._stamps.rows, []
        sent = self._stamps.sends.take()
        if rows or sent:
            self._line.send(wire.records(self.stream.id, rows, sent))

    def free(self) -> None:
        """The clients send as before; until then whoever wants to send one more request stops instead."""
        self._back()

    def _close(self) -> None:
        self._events.request.remove_listener(self._stamps.heard)
        self._events.user_error.remove_listener(self._user_error)
        if self._stamps.strangers:
            logger.warning("%s requests carried no number of ours", f"{self._stamps.strangers:,}")

    def _totals(self) -> Mapping[str, Any]:
        stamps = self._stamps
        counted = {"sent": stamps.sends.total, "dropped": 0, "retried": 0}
        return {**counted, "strangers": stamps.strangers, "user_errors": self._errors}

    def _user_error(self, **_: object) -> None:
        self._errors += 1
