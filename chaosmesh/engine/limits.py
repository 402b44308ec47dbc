"""The scenario's `limits:`: requests a second, the length of a run, the share of errors that its users may meet."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import LimitExceededError
from chaosmesh.judge import Evidence, Verdict, at_least, judge, requirement
from chaosmesh.load import Record, Running

T = TypeVar("T")

HINT = "the run was stopped and its faults were healed; raise the limit in the scenario's `limits:` if this was meant"

ALARM = math.log(1e6)
"""Threshold of the change detector: at the limit itself it errs once in a million requests or less (the mean time to
a false alarm of Page's test with threshold h is at least e^h: Lorden 1971)."""

SETTLED_NS = 1_000_000_000
"""A request counts a second after its intended time: errors may be quicker than good answers, and would come first."""

ALPHA = 1e-6
"""Chance that the count over the whole run takes a share at the limit for one above it."""


class ErrorWatch:
    """Whether more requests fail than `limit` (a share) allows.

    Page's test on the stream of outcomes sees a sudden change at once however long all was well before; the count
    over the whole run finds any share above the limit in the end.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.n = self.failed = 0
        self._drift = 0.0
        self._looked = 0
        self._newest = 0
        self._recent: list[tuple[int, int, bool]] = []
        worse = min(2 * limit, (1 + limit) / 2)
        self._step = (math.log(worse / limit), math.log((1 - worse) / (1 - limit))) if 0 < limit < 1 else None

    def add(self, records: Iterable[Record]) -> bool:
        """Take in finished requests; True once it is sure that too many fail."""
        for one in records:
            heapq.heappush(self._recent, (one.intended_ns, one.seq, one.ok))
            self._newest = max(self._newest, one.done_ns)
        while self._recent and self._recent[0][0] <= self._newest - SETTLED_NS:
            if self._count(heapq.heappop(self._recent)[2]):
                return True
        return self._too_many()

    def _count(self, ok: bool) -> bool:
        self.n += 1
        self.failed += not ok
        if self._step is None:
            return self.limit <= 0 and not ok
        self._drift = max(0.0, self._drift + self._step[1 if ok else 0])
        return self._drift >= ALARM

    def _too_many(self) -> bool:
        if self._step is None or self.n < self._looked * 1.1 or self.failed <= self.limit * self.n:
            return False
        self._looked = self.n
        asked = requirement("success", at_least(1 - self.limit))
        return judge(asked, Evidence.share(self.n, self.n - self.failed), ALPHA).verdict is Verdict.FAIL


class Guard:
    """The limits of one running mesh: told of every stream that begins and of every answer that users get."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._limits = scenario.limits
        self._rates: dict[int, float] = {}
        self._running: dict[int, Running] = {}
        self._watch: ErrorWatch | None = None
        self._stop: asyncio.Future[LimitExceededError] | None = None

    def admit(self, stream: int, rate: float) -> None:
        """Make room for a stream of so many requests a second at its highest; LimitExceededError if there is none."""
        for ended in [number for number, one in self._running.items() if one.ended]:
            self.dismiss(ended)
        total, limit = rate + sum(self._rates.values()), self._limits.rate
        if limit is not None and total > limit:
            raise _too_fast(self._scenario, total, limit)
        self._rates[stream] = rate

    def dismiss(self, stream: int) -> None:
        """A stream that did not begin, or has ended."""
        self._rates.pop(stream, None)
        self._running.pop(stream, None)

    @property
    def running(self) -> tuple[Running, ...]:
        """What is sent."""
        return tuple(one for one in self._running.values() if not one.ended)

    def began(self, running: Running) -> None:
        """The stream runs until it says so itself."""
        self._running[running.stream.id] = running

    def saw(self, records: Iterable[Record]) -> None:
        """Answers that users got."""
        watch = self._watch
        if watch is None or self._stop is None or self._stop.done() or not watch.add(records):
            return
        text = f"{watch.failed:,} of {watch.n:,} requests failed, limits.errors is {watch.limit * 100:g} %"
        self._stop.set_result(_exceeded(self._scenario, "errors", text))

    async def over(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a run. When it gets out of hand: every stream is stopped, the run is cancelled and has cleaned
        up, and then LimitExceededError."""
        limits = self._limits
        self._watch = None if limits.errors is None else ErrorWatch(limits.errors)
        self._stop = asyncio.get_running_loop().create_future()
        stop, task = self._stop, asyncio.ensure_future(work)
        waited: tuple[asyncio.Future[Any], ...] = (stop, task)
        try:
            await asyncio.wait(waited, timeout=limits.duration, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                raise stop.result()
            if task.done():
                return task.result()
            text = f"the run took longer than limits.duration, {limits.duration:g} s"
            raise _exceeded(self._scenario, "duration", text)
        finally:
            self._watch = None
            if not task.done():
                self.halt()
                task.cancel()
                await asyncio.wait({task})

    def halt(self) -> None:
        """Stop every stream."""
        for number, running in tuple(self._running.items()):
            running.stop()
            self.dismiss(number)


def rate_of(scenario: Scenario, usual: float) -> float:
    """Requests a second of the scenario's load; where it names none the usual ones, as far as its limit allows."""
    limit = scenario.limits.rate
    rate = scenario.load.rate or min(usual, limit or usual)
    if limit is not None and rate > limit:
        raise _too_fast(scenario, rate, limit)
    return rate


def _too_fast(scenario: Scenario, rate: float, limit: float) -> LimitExceededError:
    return LimitExceededError(
        f"{rate:g} requests a second were asked for, limits.rate is {limit:g}",
        where=scenario.place("limits", "rate"),
        hint="nothing was sent; ask for less, or raise the limit",
    )


def _exceeded(scenario: Scenario, name: str, text: str) -> LimitExceededError:
    return LimitExceededError(f"stopped by a limit: {text}", where=scenario.place("limits", name), hint=HINT)
