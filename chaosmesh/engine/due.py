"""How many requests of a stream were meant to be sent by now."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.load import Running
from chaosmesh.load.arrivals import schedule


class Due:
    """Follows a stream's own schedule; ask for later and later times."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._offsets: Iterator[int] = schedule(running.stream)
        self._next: int | None = next(self._offsets, None)
        self._count = 0

    def before(self, at_ns: int) -> int:
        """Requests whose intended time lies before that (epoch ns); none while the stream has not started."""
        start = self._running.started_ns
        while start and self._next is not None and start + self._next < at_ns:
            self._count += 1
            self._next = next(self._offsets, None)
        return self._count
