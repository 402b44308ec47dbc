"""Servers that do one thing after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from chaosmesh.judge.queueing.clock import Act, Clock, Timer


class Queue:
    """First come, first served, `capacity` a second, which may change; work of those who left stays in it."""

    def __init__(self, clock: Clock, capacity: Sequence[tuple[float, float | None]]) -> None:
        self._clock = clock
        self._capacity: float | None = None
        self._waiting: deque[tuple[float, Act]] = deque()
        self._due = 0.0
        self._timer: Timer | None = None
        for since, value in capacity:
            clock.after(since, lambda value=value: self._change(value))  # type: ignore[misc]

    @property
    def oldest(self) -> float:
        """How long the first one has waited; 0 when nobody does."""
        return self._clock.now - self._waiting[0][0] if self._waiting else 0.0

    def take(self, done: Act) -> None:
        """Call `done` when the turn has come."""
        if self._capacity is None:
            done()
            return
        self._waiting.append((self._clock.now, done))
        if self._timer is None:
            self._next(1 / self._capacity)

    def _change(self, capacity: float | None) -> None:
        old, self._capacity = self._capacity, capacity
        if self._timer is None:
            return
        self._timer.off()
        self._timer = None
        if capacity is None or old is None:
            while self._waiting:
                self._waiting.popleft()[1]()
        else:
            self._next((self._due - self._clock.now) * old / capacity)

    def _next(self, seconds: float) -> None:
        self._due = self._clock.now + seconds
        self._timer = self._clock.after(seconds, self._serve)

    def _serve(self) -> None:
        self._timer = None
        _, done = self._waiting.popleft()
        if self._waiting and self._capacity is not None:
            self._next(1 / self._capacity)
        done()
