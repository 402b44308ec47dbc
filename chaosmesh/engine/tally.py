"""Counts for the claims of a running stream, free of the bias that quick answers come first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaosmesh.judge import Evidence
from chaosmesh.load import Record


@dataclass(slots=True)
class Tally:
    """Outcomes in the order in which requests were meant to be sent.

    A request counts once it and every request before it have ended: at any moment slow answers are the ones
    still missing, and counting what is there already would flatter the service.
    `bound_ms`: latency bound of the claim; None if there is none.
    """

    bound_ms: float | None = None
    n: int = 0
    ok: int = 0
    quick: int = 0
    latencies: list[float] = field(default_factory=list)
    _waiting: dict[int, Record] = field(default_factory=dict)
    _decided: bool = False

    def add(self, records: Iterable[Record]) -> None:
        """Take in a batch, in whatever order it comes. Once `decide` was called nothing changes any more."""
        if self._decided:
            return
        for record in records:
            self._waiting[record.seq] = record
        while self.n in self._waiting:
            self._count(self._waiting.pop(self.n))

    def decide(self) -> None:
        """A sequential test ends where it crosses its line: what comes in later must not undo it."""
        self._decided = True

    def end(self) -> None:
        """The stream is over: what still waits for a request that was never sent counts now, in order."""
        if not self._decided:
            for seq in sorted(self._waiting):
                self._count(self._waiting.pop(seq))

    def _count(self, record: Record) -> None:
        answered = record.status > 0
        latency = record.latency_ms if answered else math.inf
        self.n += 1
        self.ok += record.ok
        self.quick += self.bound_ms is not None and latency <= self.bound_ms
        self.latencies.append(latency)

    @property
    def success(self) -> Evidence:
        """Requests that ended with a status below 500 (gRPC: 0)."""
        return Evidence.share(self.n, self.ok)

    @property
    def within(self) -> Evidence:
        """Requests answered within the bound; unanswered counts as slow."""
        return Evidence.share(self.n, self.quick)

    def quantile_ms(self, q: float) -> float | None:
        """Latency quantile in ms from the intended time; None without answers or when it was never answered."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        value = ordered[min(len(ordered) - 1, math.ceil(q * len(ordered)) - 1)]
        return None if math.isinf(value) else round(value, 2)
