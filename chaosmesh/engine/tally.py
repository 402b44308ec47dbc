"""Counts for the claims of a running stream, free of the bias that quick answers come first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaosmesh.engine.slowness import gave_up
from chaosmesh.judge import Evidence
from chaosmesh.load import Record


@dataclass(slots=True)
class Tally:
    """Outcomes in the order in which requests were meant to be sent.

    A request counts once it and every request before it have ended: at any moment slow answers are the ones
    still missing, and counting what is there already would flatter the service. Where requests may hang for long,
    `overdue` says which of them are surely slow by now: for the bound these count at once.
    `bound_ms`: latency bound of the claim; None if there is none. `judged` requests count for it, `n` for success.
    `given_up`: requests that failed because somebody no longer waited.
    """

    bound_ms: float | None = None
    n: int = 0
    ok: int = 0
    quick: int = 0
    given_up: int = 0
    judged: int = 0
    latencies: list[float] = field(default_factory=list)
    _waiting: dict[int, Record] = field(default_factory=dict)
    _closed: bool = False
    _decided: Evidence | None = None
    _hanging: set[int] = field(default_factory=set)

    def add(self, records: Iterable[Record]) -> None:
        """Take in a batch, in whatever order it comes. Once `decide` was called nothing changes any more."""
        if self._closed:
            self._late(records)
            return
        for record in records:
            self._waiting[record.seq] = record
        while self.n in self._waiting:
            self._count(self._waiting.pop(self.n))

    def overdue(self, seq: int) -> None:
        """Every request before `seq` was meant to be sent longer ago than the bound: what has not ended is slow."""
        while not self._closed and self.judged < seq:
            record = self._waiting.get(self.judged)
            self.quick += record is not None and self._is_quick(record)
            self.judged += 1

    def decide(self, *, success: bool = True) -> None:
        """A sequential test ends where it crosses its line: what comes in later must not undo it. What counts as
        slow but has not ended is shown as it ends, or as never answered. Without `success` that claim is open still,
        and what counts as slow counts for it too, as it ends."""
        self._closed = True
        self._decided = self.success if success else None
        for seq in range(self.n, self.judged):
            if seq in self._waiting:
                self._count(self._waiting.pop(seq))
            else:
                self._hanging.add(seq)
        self.n += len(self._hanging)

    def end(self) -> None:
        """The stream is over: what still waits for a request that was never sent counts now, in order."""
        if not self._closed:
            for seq in sorted(self._waiting):
                self._count(self._waiting.pop(seq))

    def _count(self, record: Record) -> None:
        if self.judged <= self.n:
            self.quick += self._is_quick(record)
            self.judged = self.n + 1
        self.n += 1
        self.ok += record.ok
        self.given_up += gave_up(record)
        self.latencies.append(_latency(record))

    def _is_quick(self, record: Record) -> bool:
        return self.bound_ms is not None and _latency(record) <= self.bound_ms

    def _late(self, records: Iterable[Record]) -> None:
        """What was overdue when all was decided."""
        for record in records:
            if record.seq in self._hanging:
                self._hanging.discard(record.seq)
                self.ok += record.ok
                self.given_up += gave_up(record)
                self.latencies.append(_latency(record))

    @property
    def success(self) -> Evidence:
        """Requests that ended with a status below 500 (gRPC: 0)."""
        return Evidence.share(self.n, self.ok) if self._decided is None else self._decided

    @property
    def well(self) -> int:
        """Requests that succeeded, or would have if there had been time."""
        return self.ok + self.given_up + len(self._hanging)

    @property
    def within(self) -> Evidence:
        """Requests answered within the bound; unanswered counts as slow."""
        return Evidence.share(self.judged, self.quick)

    def quantile_ms(self, q: float) -> float | None:
        """Latency quantile in ms from the intended time; None without answers or when it was never answered."""
        if not self.latencies:
            return None
        ordered = sorted([*self.latencies, *[math.inf] * len(self._hanging)])
        value = ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]
        return None if math.isinf(value) else round(value, 2)


def _latency(record: Record) -> float:
    """Milliseconds; infinite where no answer came."""
    return record.latency_ms if record.status > 0 else math.inf
