"""Counts by second: what came is added to the second in which it ended, at the same cost however much there was.

Latencies are kept one by one while they may be asked for (`KEEP_S`); of older seconds only percentiles are left.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np

WINDOW_S: Final = 10
"""Whole seconds that the page's figures are of."""
KEEP_S: Final = 20
"""Seconds for which latencies are kept one by one."""
RUN_S: Final = 1200
"""Seconds that are kept at all."""
SHORT_S: Final = 60
"""The same, of an edge."""

NS: Final = 1_000_000_000


@dataclass(slots=True)
class EntrySecond:
    """One second at the entry. `sent`: requests that were sent in it, answered or not; `planned`: those that have ended and
    were meant for it; `due`: requests a second that the streams were said to send then; `expected`: success as predicted
    for the faults in force."""

    planned: int = 0
    sent: int = 0
    done: int = 0
    failed: int = 0
    due: float = 0.0
    ms: array[float] = field(default_factory=lambda: array("d"))
    lag: array[float] = field(default_factory=lambda: array("d"))
    points: tuple[float | None, float | None, float | None] = (None, None, None)
    expected: float | None = None

    def close(self) -> None:
        """Percentiles are all that is left of the latencies."""
        if self.ms:
            p50, p95, p99 = quantiles([self.ms], (0.5, 0.95, 0.99))
            self.points = (p50, p95, p99)
            self.ms, self.lag = array("d"), array("d")


@dataclass(slots=True)
class EdgeSecond:
    """One second of an edge: calls, those that ended well, their attempts, those that a breaker stopped, their times, and
    where the first attempts went."""

    calls: int = 0
    ok: int = 0
    attempts: int = 0
    overflows: int = 0
    ms: array[float] = field(default_factory=lambda: array("d"))
    targets: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        """The times are not asked for again."""
        self.ms = array("d")


Second = TypeVar("Second", EntrySecond, EdgeSecond)


class Seconds(Generic[Second]):
    """The last `longest` seconds, by epoch second."""

    def __init__(self, make: Callable[[], Second], longest: int) -> None:
        self._make: Callable[[], Second] = make
        self._longest = longest
        self._seconds: dict[int, Second] = {}
        self._closed = 0

    def at(self, at_ns: int) -> Second:
        """The second in which a time lies; it is made where it is new."""
        number = at_ns // NS
        found = self._seconds.get(number)
        if found is None:
            found = self._seconds[number] = self._make()
        return found

    def of(self, first: int, last: int) -> Iterator[tuple[int, Second | None]]:
        """Seconds from `first` to before `last`; None for one in which nothing came."""
        return ((number, self._seconds.get(number)) for number in range(first, last))

    def window(self, now: int) -> list[Second]:
        """What is there of the last `WINDOW_S` whole seconds before the present one."""
        return [one for _, one in self.of(now - WINDOW_S, now) if one is not None]

    def roll(self, now: int) -> None:
        """Forget what is too old, and the details of what is old."""
        for number in [one for one in self._seconds if one < now - self._longest]:
            del self._seconds[number]
        limit = now - KEEP_S
        for number in [one for one in self._seconds if self._closed <= one < limit]:
            self._seconds[number].close()
        self._closed = max(self._closed, limit)

    def __len__(self) -> int:
        return len(self._seconds)


def quantiles(parts: Sequence[array[float]], shares: Sequence[float]) -> list[float | None]:
    """Quantiles over several lists, as the ledger counts them: the value at ⌈q·n⌉. None without values, and where the value
    is infinite (never answered)."""
    filled = [np.frombuffer(one) for one in parts if one]
    if not filled:
        return [None] * len(shares)
    values = np.concatenate(filled)
    places = [max(0, math.ceil(share * len(values)) - 1) for share in shares]
    ordered = np.partition(values, sorted(set(places)))
    return [None if math.isinf(ordered[place]) else round(float(ordered[place]), 2) for place in places]
