"""Streams of requests of a running mesh: sent by its generators, kept in its ledger, watched by the scenario's limits."""

from __future__ import annotations

import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine import entries
from chaosmesh.engine.conditions import Bell
from chaosmesh.engine.descriptors import Descriptors
from chaosmesh.engine.generators import Generators
from chaosmesh.engine.limits import Guard
from chaosmesh.engine.metrics import Metrics
from chaosmesh.engine.site import LiveSite
from chaosmesh.engine.ways import Ways
from chaosmesh.envoy import AccessRow, ControlPlane
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record, RequestSpec, Running, Stream, Tls
from chaosmesh.load.plan import Arrivals, Closed
from chaosmesh.load.sends import Sent
from chaosmesh.load.shapes import Shape

Take = Callable[[list[Record]], None]


class Watcher(Protocol):
    """Hears of everything as it comes. What it does must be quick: it is called for every batch."""

    def began(self, stream: Stream, *, users: bool) -> None:
        """A stream is about to begin; `users`: its requests are those of users."""

    def saw_sent(self, sent: Sent, *, users: bool) -> None:
        """Requests were sent; they are not heard of again before they have ended."""

    def saw_records(self, stream: Stream, records: Sequence[Record], *, users: bool) -> None:
        """Requests of a stream have ended."""

    def saw_rows(self, rows: Sequence[AccessRow]) -> None:
        """Sidecars have told of calls and attempts."""


class Streams(Ways):
    """Begins streams and waits for what they leave in the ledger."""

    ledger: Ledger
    metrics: Metrics
    control: ControlPlane
    site: LiveSite
    descriptors: Descriptors

    def __init__(self, scenario: Scenario, generators: Generators) -> None:
        self.generators = generators
        self.bell = Bell()
        self.limits = Guard(scenario)
        self.watchers: list[Watcher] = []
        self._streams = itertools.count(1)
        self._named: Counter[str] = Counter()

    def number(self, name: str) -> int:
        """A stream number for something that is tried by name: the same in every run, another at each call."""
        self._named[name] += 1
        return 1 << 31 | zlib.crc32(f"{name} #{self._named[name]}".encode())

    async def begin(
        self,
        name: str,
        url: str,
        host: str,
        requests: Sequence[RequestSpec],
        rate: float,
        *,
        count: int | None = None,
        duration: float | None = None,
        arrivals: Arrivals = "constant",
        patience: float = 30.0,
        seed: int = 0,
        number: int | None = None,
        tls: Tls | None = None,
        shape: Shape | None = None,
        workers: int | None = None,
        closed: Closed | None = None,
        on_records: Take | None = None,
        users: bool = True,
    ) -> Running:
        """Start a stream of requests; its records go to the ledger (and to `on_records`).

        `number` is the stream's own number in request ids (default: the next one). Victims of request faults are
        drawn by request id: the same number and seed hit the same requests again. `users`: its errors are felt, and
        count for the scenario's limits. `workers`: processes that send it together (default: the stack's).
        `closed`: users of a locustfile send instead, as they like.
        """
        stream = Stream(
            id=self.next_stream() if number is None else number,
            name=name,
            url=url,
            host=host,
            requests=tuple(requests),
            rate=rate,
            arrivals=arrivals,
            count=count,
            duration=duration,
            seed=seed,
            timeout=patience,
            tls=tls,
            shape=shape,
            closed=closed,
        )

        take = self.admitted(stream, on_records, users=users)
        try:
            generators = self.generators
            generator = await (generators.users(closed) if closed else generators.of(workers))
            running = await generator.begin(stream, take, lambda sent: self.sent(sent, users=users))
            if closed:
                generators.leave(running, generator)
        except BaseException:
            self.limits.dismiss(stream.id)
            raise
        self.limits.began(running)
        return running

    def admitted(self, stream: Stream, on_records: Take | None = None, *, users: bool = True) -> Take:
        """What takes the records of a stream that is about to begin, whoever sends it. LimitExceededError beyond the
        limits of the scenario; `limits.began` or `limits.dismiss` follow."""

        def take(records: list[Record]) -> None:
            self.ledger.add_records(stream, records)
            self.metrics.saw_records(stream, records)
            for watcher in self.watchers:
                watcher.saw_records(stream, records, users=users)
            if users:
                self.limits.saw(records)
            if on_records is not None:
                on_records(records)
            self.bell.ring()

        self.limits.admit(stream.id, stream.peak)
        beside = (one.stream for one in self.limits.running)
        self.descriptors.before((*beside, stream), self.generators.main.workers)
        self.metrics.began(stream)
        for watcher in self.watchers:
            watcher.began(stream, users=users)
        return take

    def sent(self, sent: Sent, *, users: bool = True) -> None:
        """A generator has sent so many requests of a stream."""
        for watcher in self.watchers:
            watcher.saw_sent(sent, users=users)

    def next_stream(self) -> int:
        """A stream number that no other stream of the run has."""
        return next(self._streams)

    async def settled(self, streams: Iterable[int], seconds: float = 20.0) -> None:
        """Return when the ledger has every row of these streams, and whatever else the sidecars had written into their
        logs by then (DeadlineError names what is missing)."""
        asked = tuple(streams)

        def missing() -> list[str]:
            return [one for stream in asked for one in self.ledger.complete(stream).missing]

        await self._come(missing, seconds)
        owed = await entries.owed(self, entries.PATIENCE)
        await self._come(lambda: [*missing(), *owed.lacking()], seconds)

    async def _come(self, missing: Callable[[], list[str]], seconds: float) -> None:
        await self.bell.until(
            lambda: "; ".join(missing()[:3]), seconds=seconds, what="the access log rows of a stream"
        )
