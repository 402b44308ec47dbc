"""Simulated time: what happens when."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

Act = Callable[[], None]


class Timer:
    """Something that will happen unless it is called off."""

    __slots__ = ("act",)

    def __init__(self, act: Act | None) -> None:
        self.act = act

    def off(self) -> None:
        """Call it off."""
        self.act = None


class Clock:
    """Acts in the order of their times; those of one time in the order in which they were asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._acts: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def after(self, seconds: float, act: Act) -> Timer:
        """Do something later."""
        timer = Timer(act)
        heapq.heappush(self._acts, (self.now + seconds, next(self._order), timer))
        return timer

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing is left to do, or until then."""
        acts = self._acts
        while acts and acts[0][0] <= until:
            self.now, _, timer = heapq.heappop(acts)
            if timer.act is not None:
                timer.act()
