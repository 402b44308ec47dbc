"""Outcomes in the order in which requests were meant to be sent: at any moment slow answers are the ones still missing, and
counting what is there already would flatter the service."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaosmesh.load import Record, Stream


@dataclass(slots=True)
class _Lane:
    """One stream. `next`: the first number that has not been given out; `ripe` up to which number requests are so old that
    whatever has not ended is not waited for."""

    next: int = 0
    ripe: int = -1
    waiting: dict[int, Record] = field(default_factory=dict)
    ages: list[tuple[int, int]] = field(default_factory=list)


class Latest:
    """The highest number of each stream that has ended: from where on a new episode counts."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}

    def saw(self, stream: Stream, records: Sequence[Record]) -> None:
        """Requests of a stream have ended."""
        highest = max(one.seq for one in records)
        if highest > self.of.get(stream.id, -1):
            self.of[stream.id] = highest


class Ordered:
    """Requests meant for `begin_ns` or later, stream by stream. One that has not ended `patience_s` after its time is given
    out as None, and is nobody's any more when it ends."""

    def __init__(self, begin_ns: int, patience_s: float, latest: Latest) -> None:
        self._begin_ns = begin_ns
        self._patience_ns = int(patience_s * 1e9)
        self._before = dict(latest.of)
        self._lanes: dict[int, _Lane] = {}

    def add(self, stream: Stream, records: Sequence[Record]) -> Iterator[Record | None]:
        """What counts now."""
        lane = self._lanes.get(stream.id)
        if lane is None:
            lane = self._lanes[stream.id] = _Lane(self._before.get(stream.id, -1) + 1)
        for one in records:
            if one.intended_ns < self._begin_ns:
                self._earlier(lane, one.seq)
            elif one.seq >= lane.next:
                lane.waiting[one.seq] = one
                heapq.heappush(lane.ages, (one.intended_ns, one.seq))
        return self._given(lane)

    def tick(self, now_ns: int) -> Iterator[Record | None]:
        """What counts because it is not waited for any longer."""
        limit = now_ns - self._patience_ns
        for lane in self._lanes.values():
            while lane.ages and lane.ages[0][0] <= limit:
                lane.ripe = max(lane.ripe, heapq.heappop(lane.ages)[1])
            yield from self._given(lane)

    def end(self, stream: int) -> Iterator[Record | None]:
        """A stream is over: nothing more comes, so what is missing was never sent."""
        lane = self._lanes.pop(stream, None)
        for seq in sorted(lane.waiting) if lane else ():
            yield lane.waiting[seq] if lane else None

    def _earlier(self, lane: _Lane, seq: int) -> None:
        """Numbers follow the clock: what is before one of an earlier time is of an earlier time too."""
        for each in range(lane.next, seq + 1):
            lane.waiting.pop(each, None)
        lane.next = max(lane.next, seq + 1)

    def _given(self, lane: _Lane) -> Iterator[Record | None]:
        given: list[Record | None] = []
        while True:
            found = lane.waiting.pop(lane.next, None)
            if found is None and lane.next >= lane.ripe:
                return iter(given)
            given.append(found)
            lane.next += 1
