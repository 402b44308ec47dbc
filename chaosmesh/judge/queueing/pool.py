"""What a sidecar lets through to one upstream at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chaosmesh.judge.queueing.model import Limits


class Pool:
    """Requests, connections, waiting requests and retries of one client towards one upstream.

    One connection carries one request, as in HTTP/1.1; an upstream over HTTP/2 is limited by `requests` alone.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[Callable[[], None]] = deque()
        self.active = 0
        self.retries = 0

    def enter(self, go: Callable[[], None]) -> bool:
        """Have `go` called when there is room, at once or later; False if the breaker stops it."""
        limits = self._limits
        if limits.requests is not None and self.active >= limits.requests:
            return False
        if limits.connections is None or self.active < limits.connections:
            self.active += 1
            go()
            return True
        if limits.pending is not None and len(self._waiting) >= limits.pending:
            return False
        self._waiting.append(go)
        return True

    def give_up(self, go: Callable[[], None]) -> bool:
        """Take back what still waits; False if it waits no more."""
        if go not in self._waiting:
            return False
        self._waiting.remove(go)
        return True

    def leave(self) -> None:
        """One that went in is over: the next goes."""
        if self._waiting:
            self._waiting.popleft()()
        else:
            self.active -= 1

    def retry(self) -> bool:
        """Take up a retry; False if there are too many."""
        if self.retries >= self._most_retries():
            return False
        self.retries += 1
        return True

    def retried(self) -> None:
        """A retry has ended."""
        self.retries -= 1

    def _most_retries(self) -> float:
        limits = self._limits
        if limits.percent is not None:
            in_flight = self.active + len(self._waiting)
            return max(int(limits.percent / 100 * in_flight), limits.at_least)
        return float("inf") if limits.retries is None else limits.retries
