"""Requests counted when they are sent, by the second. A request is known by its record only once it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chaosmesh.load.shapes import NS

Sent = Sequence[tuple[int, int]]
"""(epoch second, requests sent in it)."""

OnSent = Callable[[Sent], None]
"""Called on the event loop with what was sent since the last call."""


def unheard(_: Sent) -> None:
    """Of those who don't ask."""


class Sends:
    """`total` since the start; `take` gives what came since it was called last."""

    __slots__ = ("_count", "_end", "_whole", "total")

    def __init__(self) -> None:
        self.total = 0
        self._count = self._end = 0
        self._whole: list[tuple[int, int]] = []

    def add(self, at_ns: int) -> None:
        """One request was sent, at a time of the epoch."""
        if at_ns >= self._end:
            self._turn(at_ns)
        self.total += 1
        self._count += 1

    def take(self) -> Sent:
        """Of each second that is new what was sent in it."""
        if self._count:
            self._close()
        taken, self._whole = self._whole, []
        return taken

    def _turn(self, at_ns: int) -> None:
        if self._count:
            self._close()
        self._end = (at_ns // NS + 1) * NS

    def _close(self) -> None:
        self._whole.append((self._end // NS - 1, self._count))
        self._count = 0
