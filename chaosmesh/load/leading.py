"""What the Locust process that leads a test does: asks main before it begins, and ends it everywhere.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Any

import gevent
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, MasterRunner

from chaosmesh.errors import ExitCode
from chaosmesh.load.attending import END, ENDED, HALT, OPTION
from chaosmesh.load.line import Line, LineLostError
from chaosmesh.load.passengers import Passengers

logger = logging.getLogger("chaosmesh")

EACH = "requests_per_user"
"""Name of the option: how often a passenger asks, a second."""

_END_S = 60.0
_LOOK_S = 0.02


class Lead:
    """Of the master, or of a single process. `line` is its line to main."""

    def __init__(self, environment: Any, door: str) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._door = door
        self._ended: set[str] = set()
        self._over = False
        self._master = isinstance(self._runner, MasterRunner)
        told = {"port": self._runner.server.port} if self._master else {}
        self.line = Line(door, "master" if self._master else "single", **told)
        self.line.on_stop = self.halt
        self._start = self._runner.start
        self._runner.start = self._guarded
        environment.events.quitting.add_listener(lambda **_: self.close())
        if self._master:
            environment.events.test_stopping.add_listener(lambda **_: self._end_all())
            self._runner.register_message(ENDED, self._has_ended)
            self._runner.register_message(HALT, lambda msg, **_: self.halt(msg.data["why"]))

    def why_not(self, url: str, users: int, each: float) -> str:
        """Why a test may not be what it would be; "" if it may."""
        if not (math.isfinite(each) and each > 0):
            return f"requests per user must be above 0 (got {each:g})"
        open_loop = all(issubclass(one, Passengers) for one in self._runner.user_classes)
        rate = users * each if open_loop else None
        try:
            answer = self.line.ask({"is": "intends", "url": url, "users": users, "rate": rate})
        except LineLostError as error:
            return str(error)
        return str(answer["why"])

    def halt(self, why: str) -> None:
        """The test ends now, everywhere."""
        if self._over:
            return
        if self._headless:
            logger.error("the test is stopped: %s", why)
            self._leave()
        elif self._runner.state in (STATE_SPAWNING, STATE_RUNNING):
            logger.error("the test is stopped: %s", why)
            gevent.spawn(self._runner.stop)

    def close(self) -> None:
        """What main says from now on does not matter any more."""
        self._over = True
        self.line.close()

    @property
    def _headless(self) -> bool:
        return bool(self._environment.parsed_options.headless)

    def _guarded(self, user_count: int, spawn_rate: float, *rest: Any, **more: Any) -> None:
        options = self._environment.parsed_options
        each = float(getattr(options, EACH, 1.0))
        if why := self.why_not(self._environment.host or "", user_count, each):
            logger.error("the test was not started: %s", why)
            if self._headless:
                self._leave()
            return
        workers = self._runner.worker_count
        file = ", ".join(self._environment.parsed_locustfiles or ())
        planned = {"door": self._door, "users": user_count, "each": each, "workers": workers, "file": file}
        setattr(options, OPTION, planned)
        self._start(user_count, spawn_rate, *rest, **more)

    def _leave(self) -> None:
        if self._environment.process_exit_code is None:
            code = ExitCode.ENVIRONMENT if self.line.lost else ExitCode.LIMIT
            self._environment.process_exit_code = int(code)
        gevent.spawn(self._runner.quit)

    def _end_all(self) -> None:
        self._ended.clear()
        self._runner.send_message(END)
        until = time.monotonic() + _END_S
        while (missing := self._still_sending()) and time.monotonic() < until:
            gevent.sleep(_LOOK_S)
        if missing:
            logger.error("workers that did not end their part: %s", ", ".join(sorted(missing)))

    def _still_sending(self) -> set[str]:
        return {one.id for one in self._runner.clients.all if one.state != STATE_MISSING} - self._ended

    def _has_ended(self, msg: Any, **_: object) -> None:
        self._ended.add(msg.node_id)
