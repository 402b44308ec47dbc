"""A stream whose rate follows the present number of users.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from chaosmesh.load.pace import Pace
from chaosmesh.load.pacer import NEVER, Flow
from chaosmesh.load.plan import Stream


class Following(Flow):
    """A running stream without an end of its own; `failed` is why it could not go on."""

    def __init__(self, stream: Stream, index: int = 0, of: int = 1) -> None:
        self._pace = Pace(index, of)
        self._stopped = False
        self.failed: Exception | None = None
        super().__init__(stream)

    @property
    def over(self) -> bool:
        """Whether it was stopped, and everything was answered and taken."""
        return self._stopped and super().over

    def change(self, rate: float) -> None:
        """From now on so many requests a second."""
        if self._stopped:
            return
        self._pace.change(time.monotonic_ns() - self._start, rate)
        self._due = self._planned()
        if self._due != NEVER:
            self._timer.at(self._due)

    def stop(self) -> None:
        """Sends nothing more; what is due and unsent is counted as dropped."""
        self._stopped = True
        super().stop()

    def _times(self, stream: Stream) -> Iterator[int]:  # noqa: ARG002  (its rate is not known before)
        return iter(())

    def _next_due(self) -> int:
        self._pace.advance()
        return self._planned()

    def _planned(self) -> int:
        due = self._pace.due_ns()
        return NEVER if due is None else self._start + due

    def _tick(self) -> None:
        try:
            super()._tick()
        except Exception as error:  # noqa: BLE001  (gevent would only print it, and nobody would know)
            self.failed = error
            self.stop()
