"""What a Locust process that sends does at the borders of a test: opens its streams with main, and ends them.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import gevent
from locust.runners import WorkerRunner

from chaosmesh.load import wire
from chaosmesh.load.line import Line, LineLostError
from chaosmesh.load.passengers import Passengers
from chaosmesh.load.plan import Stream
from chaosmesh.load.visits import Guests, Ride, Visit

logger = logging.getLogger("chaosmesh")

OPTION = "chaosmesh"
"""Name among Locust's parsed options, which travel to every worker: where the door is, and what is planned."""

END, ENDED, HALT = "chaosmesh_end", "chaosmesh_ended", "chaosmesh_halt"
"""Messages between master and worker: end your part, it has ended, the whole test must stop."""


class Attendance:
    """Of one process that sends: a worker, or a single one (which already has a line to main)."""

    def __init__(self, environment: Any, line: Line | None = None) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._line = line
        self._visits: list[Visit] = []
        self._guests: Guests | None = None
        self._hurry = False
        events = environment.events
        events.test_start.add_listener(self._begin)
        events.test_stopping.add_listener(lambda **_: self.end())
        events.test_stop.add_listener(lambda **_: self._free())
        events.quitting.add_listener(self._quit)
        if isinstance(self._runner, WorkerRunner):
            self._runner.register_message(END, self._told_to_end)

    def end(self) -> None:
        """Ends this process's part; everything is told when it returns."""
        for one in self._visits:
            one.end(hurry=self._hurry)
        self._visits.clear()
        Passengers.board = staticmethod(lambda _: None)

    def _free(self) -> None:
        if self._guests is not None:
            self._guests.free()
            self._guests = None

    def _begin(self, **_: object) -> None:
        told = getattr(self._environment.parsed_options, OPTION, None)
        if not told:
            return
        self.end()
        self._free()
        try:
            self._open(told)
        except LineLostError as error:
            self._refused(str(error))

    def _open(self, told: Mapping[str, Any]) -> None:
        if self._line is None or self._line.lost:
            self._line = Line(told["door"], "worker")
            self._line.on_stop = self._stopped
        classes = self._runner.user_classes
        of = max(1, told["workers"])
        share = {"users": -(-told["users"] // of)}
        if any(issubclass(one, Passengers) for one in classes):
            each = told["each"]
            stream = self._asked(self._line, "passengers", share, share["users"] * each, None)
            if stream is not None:
                fire = self._environment.events.request.fire
                ride = Ride(self._line, stream, each, fire, max(0, self._runner.worker_index), of)
                Passengers.board = staticmethod(ride.board)
                self._visits.append(ride)
        others = [one.__name__ for one in classes if not issubclass(one, Passengers)]
        if others:
            stream = self._asked(self._line, "users", share, None, told["file"])
            if stream is not None:
                events = self._environment.events
                guests = Guests(self._line, stream, events, lambda: self._present(others))
                self._visits.append(guests)
                self._guests = guests

    def _present(self, names: list[str]) -> int:
        counts = self._runner.user_classes_count
        return sum(counts[one] for one in names)

    def _asked(
        self, line: Line, name: str, share: Mapping[str, int], rate: float | None, file: str | None
    ) -> Stream | None:
        url = self._environment.host or ""
        answer = line.ask({"is": "opens", "name": name, "url": url, "rate": rate, "file": file, **share})
        if answer["stream"] is None:
            self._refused(answer["why"])
            return None
        return wire.stream_from_json(answer["stream"])

    def _refused(self, why: str) -> None:
        logger.error("nothing is sent: %s", why)
        self._halt_all(why)

    def _stopped(self, why: str) -> None:
        if self._visits:
            gevent.spawn(self.end)
            self._halt_all(why)

    def _halt_all(self, why: str) -> None:
        if isinstance(self._runner, WorkerRunner):
            self._runner.send_message(HALT, {"why": why})
        elif self._line is not None:
            gevent.spawn(self._line.on_stop, why)

    def _told_to_end(self, **_: object) -> None:
        self.end()
        self._runner._send_stats()  # the master's table is whole when the test has ended
        self._runner.send_message(ENDED)

    def _quit(self, **_: object) -> None:
        self._hurry = True
        self.end()
