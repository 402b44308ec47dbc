"""What a decision reads of a ledger: the requests and calls of a run that may be counted already.

While a stream runs, a request counts once it and every request before it have ended: slow answers are the ones still
missing, and counting what is there already would flatter the service. Calls likewise, once their rows are in: calls
with few attempts are complete sooner.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.names import Path
from chaosmesh.ledger import Call, Ledger, Request
from chaosmesh.load import Record


class Book:
    """The requests and calls of a run, read once for all of its questions."""

    def __init__(self, ledger: Ledger, facts: Facts) -> None:
        self.facts = facts
        self._ledger = ledger
        self._records = _by_stream(ledger, {one.id for one in facts.streams})

    def records(self) -> list[Record]:
        """Requests in the order in which they were meant to be sent, stream after stream."""
        return [record for stream in self.facts.streams for record in self._counted(stream)]

    def requests(self) -> list[Request]:
        """Requests with their calls, all of whose rows are in."""
        found = (self._ledger.requests(one.id) for one in self.facts.streams)
        return [one for many in found for one in many if one.complete]

    def calls(self, paths: Iterable[Path]) -> list[Call]:
        """Calls on an edge, stream after stream; a narrowed edge keeps those that tried its node."""
        found: list[Call] = []
        for path in paths:
            for stream in self.facts.streams:
                whole = takewhile(lambda call: call.complete, self._ledger.calls(stream.id, *path.pair))
                found.extend(one for one in whole if _tried(one, path))
        return found

    def _counted(self, stream: Sent) -> list[Record]:
        ordered = self._records[stream.id]
        if stream.ended:
            return ordered
        return [one for _, one in takewhile(lambda pair: pair[0] == pair[1].seq, enumerate(ordered))]


def _by_stream(ledger: Ledger, streams: set[int]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {one: [] for one in streams}
    for stream, record in ledger.records:
        if stream in streams:
            found[stream].append(record)
    for records in found.values():
        records.sort(key=lambda one: one.seq)
    return found


def _tried(call: Call, path: Path) -> bool:
    return path.workload is None or any(one.server == path.workload for one in call.attempts)
