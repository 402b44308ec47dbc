"""What comes from sidecars and generators, counted as it comes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chaosmesh.engine.tower.seconds import (
    NS,
    RUN_S,
    SHORT_S,
    EdgeSecond,
    EntrySecond,
    Seconds,
)
from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import Addresses
from chaosmesh.ledger.addresses import node_of
from chaosmesh.ledger.join import expected_attempts
from chaosmesh.ledger.model import succeeded
from chaosmesh.load import Record, Stream
from chaosmesh.load.sends import Sent

Pair = tuple[str, str]  # client, service

OnRecords = Callable[[Stream, Sequence[Record]], None]
OnCalls = Callable[[Pair, AccessRow, int], None]
OnAttempts = Callable[[Pair, AccessRow, str, int | None], None]


@dataclass(slots=True)
class EdgeCounts:
    """One edge: the last seconds, and everything since the start."""

    seconds: Seconds[EdgeSecond] = field(default_factory=lambda: Seconds(EdgeSecond, SHORT_S + 1))
    calls: int = 0
    ok: int = 0
    attempts: int = 0


class Seen:
    """A `Watcher` of a stack. `listeners` hear of records of users, `callers` of calls (with how many attempts they took),
    `attempters` of attempts (with the replica that they went to), as they are counted."""

    def __init__(self, addresses: Callable[[], Addresses]) -> None:
        self._addresses = addresses
        self.entry: Seconds[EntrySecond] = Seconds(EntrySecond, RUN_S)
        self.sent = self.ok = self.failed = 0
        self.edges: dict[Pair, EdgeCounts] = {}
        self.hits: Counter[str] = Counter()
        self.listeners: list[OnRecords] = []
        self.callers: list[OnCalls] = []
        self.attempters: list[OnAttempts] = []
        self.streams: list[Callable[[Stream], None]] = []

    def began(self, stream: Stream, *, users: bool) -> None:
        """A stream is about to begin."""
        if users:
            for listener in self.streams:
                listener(stream)

    def saw_sent(self, sent: Sent, *, users: bool) -> None:
        """Requests were sent, answered or not."""
        if not users:
            return
        for second, count in sent:
            self.entry.at(second * NS).sent += count
            self.sent += count

    def saw_records(self, stream: Stream, records: Sequence[Record], *, users: bool) -> None:
        """Requests have ended; those of probes are nobody's."""
        if not users:
            return
        for one in records:
            well = one.ok and not one.error
            self.entry.at(one.intended_ns).planned += 1
            second = self.entry.at(one.done_ns)
            second.done += 1
            second.failed += not well
            second.ms.append(one.latency_ms if one.status else math.inf)
            second.lag.append(one.lag_ms)
            self.ok += well
            self.failed += not well
        for listener in self.listeners:
            listener(stream, records)

    def saw_rows(self, rows: Sequence[AccessRow]) -> None:
        """Sidecars have told of calls and attempts."""
        for row in rows:
            if row.attempt_row:
                if row.call and row.side != "ingress":
                    self._attempt(row)
            elif row.side == "ingress" and row.call:
                if row.victim:
                    self.hits.update(row.victim.split(","))
            elif row.side == "egress" or row.call:
                self._call(row)

    def _call(self, row: AccessRow) -> None:
        pair = self._pair(row)
        counts = self._counts(pair)
        attempts = expected_attempts(row)
        second = counts.seconds.at(row.start_ns + int(row.duration_ms * 1e6))
        well = succeeded(row.status, row.grpc_status)
        second.calls += 1
        second.ok += well
        second.attempts += attempts
        second.overflows += "UO" in row.flags
        second.ms.append(row.duration_ms if row.status else math.inf)
        counts.calls += 1
        counts.ok += well
        if row.tcp:
            counts.attempts += attempts
            place = self._addresses().server(row.upstream)
            if place is not None:
                second.targets[place[0]] += 1
        for listener in self.callers:
            listener(pair, row, attempts)

    def _attempt(self, row: AccessRow) -> None:
        pair = self._pair(row)
        counts = self._counts(pair)
        counts.attempts += 1
        node, replica = self._addresses().server(row.upstream) or ("", None)
        if row.attempt == 1 and node:
            counts.seconds.at(row.start_ns + int(row.duration_ms * 1e6)).targets[node] += 1
        for listener in self.attempters:
            listener(pair, row, node, replica)

    def _pair(self, row: AccessRow) -> Pair:
        """As the ledger's join has it: a call that no route took carries no edge of its own."""
        node = node_of(row.sidecar)
        client, _, service = row.edge.partition(">")
        if row.call and client == node:
            return client, service
        return node, self._addresses().service(row.authority)

    def _counts(self, pair: Pair) -> EdgeCounts:
        found = self.edges.get(pair)
        if found is None:
            found = self.edges[pair] = EdgeCounts()
        return found

    def roll(self, now_ns: int) -> None:
        """Once a second: forget what is too old."""
        now = now_ns // NS
        self.entry.roll(now)
        for one in self.edges.values():
            one.seconds.roll(now)
