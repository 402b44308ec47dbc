"""The Locust user whose requests leave by the clock.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import locust
from gevent.event import Event


class Passengers(locust.User):
    """A passenger asks so many times a second, whatever the answers do: an open loop.

    Our pacer sends for all passengers of a process together, evenly; the user only says that it is there.
    """

    board: ClassVar[Callable[[int], None]] = staticmethod(lambda _: None)

    @locust.task
    def ride(self) -> None:
        """Aboard until Locust stops the user."""
        board = Passengers.board
        board(1)
        try:
            Event().wait()
        finally:
            board(-1)

    def stop(self, force: bool = False) -> bool:  # noqa: ARG002  (there is nothing to finish)
        """At once."""
        return bool(super().stop(force=True))
