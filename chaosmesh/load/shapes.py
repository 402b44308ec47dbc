"""The rate of a stream as a function of time: straight pieces, integrated exactly.

Pure data: the generator's process reads it too. What builds shapes is in `curves`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NS = 1_000_000_000
_NOTHING = 1e-6  # of a request: rounding must not put one more at the end of the last piece


@dataclass(frozen=True, slots=True)
class Piece:
    """Some seconds in which the rate (requests a second) goes in a straight line from `start` to `end`."""

    seconds: float
    start: float
    end: float

    @property
    def requests(self) -> float:
        """How many requests are due in it: the area under the line."""
        return self.seconds * (self.start + self.end) / 2

    def after(self, requests: float) -> float:
        """Seconds until so many of its requests are due.

        The root of `start·t + slope/2·t²`, in the form that stays exact when the slope is next to nothing.
        """
        if requests <= 0:
            return 0.0
        slope = (self.end - self.start) / self.seconds
        return 2 * requests / (self.start + math.sqrt(max(0.0, self.start**2 + 2 * slope * requests)))


@dataclass(frozen=True, slots=True)
class Shape:
    """Pieces one after the other; a stream of this shape ends with the last of them. `name` is for people."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return math.fsum(one.seconds for one in self.pieces)

    @property
    def requests(self) -> float:
        """How many requests are due in all of it."""
        return math.fsum(one.requests for one in self.pieces)

    @property
    def peak(self) -> float:
        """The highest rate."""
        return max((max(one.start, one.end) for one in self.pieces), default=0.0)

    def rate_at(self, seconds: float) -> float:
        """The rate at a time after the start; 0 before and after."""
        if seconds < 0:
            return 0.0
        for one in self.pieces:
            if seconds < one.seconds:
                return one.start + (one.end - one.start) * seconds / one.seconds
            seconds -= one.seconds
        return 0.0

    def offsets_ns(self, totals: Iterable[float]) -> Iterator[int]:
        """When so many requests have been due, for totals that never decrease; ended by the end of the shape.

        Whole numbers give even arrivals, sums of exponential variates a Poisson process with this rate
        (inversion: Çinlar, Introduction to Stochastic Processes, 4.7).
        """
        due = iter(totals)
        total = next(due)
        begin = count = 0.0
        for one in self.pieces:
            until = count + one.requests
            while total < until - _NOTHING:
                yield round((begin + one.after(total - count)) * NS)
                total = next(due)
            begin += one.seconds
            count = until
