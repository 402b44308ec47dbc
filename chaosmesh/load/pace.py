"""When requests are due while the rate changes as it likes: exact, and pure.

Due are the moments at which the area under the rate passes a whole number. Whole numbers only (a rate in millionths of
a request a second, times in nanoseconds), so no rounding adds up however often the rate changes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from chaosmesh.load.shapes import NS

_MICRO = 1_000_000
_REQUEST = _MICRO * NS
"""The area of one request."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """From `begin` (ns) on the rate is `rate` (millionths a second), and the area until then is `area`."""

    begin: int
    area: int
    rate: int


class Pace:
    """When the present request is due, at the rate so far.

    Worker `index` of `of` begins ahead by `index/of` of a request. Workers with the same rate then take turns evenly,
    and their parts add up to what one would send at all of it: ⌊x⌋ + ⌊x + 1/n⌋ + … + ⌊x + (n-1)/n⌋ = ⌊nx⌋ (Hermite).
    """

    def __init__(self, index: int = 0, of: int = 1) -> None:
        ahead = round(Fraction(index % of, of) * _REQUEST)
        self._pieces = deque([_Piece(0, ahead, 0)])
        self._number = 0

    def change(self, at_ns: int, rate: float) -> None:
        """From a moment on, not before the last change, so many requests a second."""
        last = self._pieces[-1]
        at = max(at_ns, last.begin)
        self._pieces.append(_Piece(at, last.area + last.rate * (at - last.begin), round(rate * _MICRO)))

    def due_ns(self) -> int | None:
        """When the present request is due: a moment of the past if the caller is late, None while the rate is 0."""
        wanted = self._number * _REQUEST
        pieces = self._pieces
        while len(pieces) > 1 and pieces[1].area < wanted:
            pieces.popleft()
        first = pieces[0]
        return first.begin - (first.area - wanted) // first.rate if first.rate else None

    def advance(self) -> None:
        """On to the next request; at first to the first."""
        self._number += 1
