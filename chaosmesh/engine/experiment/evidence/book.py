"""What a decision reads of a ledger: the requests and calls of a run that may be counted already.

While a stream runs, a request counts once it and every request before it have ended: slow answers are the ones still
missing, and counting what is there already would flatter the service. Calls likewise, once their rows are in: calls
with few attempts are complete sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.names import Path
from chaosmesh.ledger import Call, Ledger, Request
from chaosmesh.load import Record


@dataclass(frozen=True, slots=True)
class Sample:
    """Which requests are meant: one kind of the mix, one phase, the control cohort instead of all others."""

    of: str | None = None
    during: str | None = None
    control: bool = False

    def baseline(self) -> Sample:
        """The same requests in the phase called "baseline"."""
        return replace(self, during="baseline")

    def untouched(self) -> Sample:
        """The same requests of the control cohort."""
        return replace(self, control=True)


EVERYTHING = Sample()


class Book:
    """The requests and calls of a run at one moment, read once for all of its questions."""

    def __init__(self, ledger: Ledger, facts: Facts) -> None:
        self.facts = facts
        self._ledger = ledger
        self._calls: dict[tuple[Path, Sample], list[Call]] = {}
        self._requests: dict[Sample, list[Request]] = {}

    def told(self, facts: Facts) -> Book:
        """The same entries, with facts of the same streams that say more of the faults."""
        book = Book(self._ledger, facts)
        book._records = self._records
        book._calls, book._requests = self._calls, self._requests
        return book

    def records(self, sample: Sample = EVERYTHING) -> list[Record]:
        """Requests in the order in which they were meant to be sent, stream after stream."""
        found: list[Record] = []
        for stream in self.facts.streams:
            belongs = self._belonging(stream, sample)
            records = self._counted(stream)
            found += records if belongs is None else filter(belongs, records)
        return found

    @property
    def size(self) -> int:
        """How many requests were made, those of a control cohort included."""
        return sum(len(self._counted(one)) for one in self.facts.streams)

    def requests(self, sample: Sample = EVERYTHING) -> list[Request]:
        """Requests with their calls, all of whose rows are in; in the same order."""
        if sample in self._requests:
            return self._requests[sample]
        found = self._requests[sample] = []
        for stream in self.facts.streams:
            belongs = self._belonging(stream, sample)
            whole = takewhile(lambda one: one.complete, self._ledger.requests(stream.id))
            found += whole if belongs is None else filter(belongs, whole)
        return found

    def calls(self, paths: Iterable[Path], sample: Sample = EVERYTHING) -> list[Call]:
        """Calls on an edge, stream after stream; a narrowed edge keeps those that tried its node or replica."""
        return [call for path in paths for call in self._calls_of(path, sample)]

    def _calls_of(self, path: Path, sample: Sample) -> list[Call]:
        if (path, sample) in self._calls:
            return self._calls[path, sample]
        found = self._calls[path, sample] = []
        for stream in self.facts.streams:
            whole = takewhile(lambda call: call.complete, self._ledger.calls(stream.id, *path.pair))
            mine = self._of_sample(stream, sample, whole)
            found += mine if path.workload is None else (one for one in mine if _tried(one, path))
        return found

    def _of_sample(self, stream: Sent, sample: Sample, calls: Iterable[Call]) -> Iterable[Call]:
        """Calls whose requests belong to a sample, up to the first whose request has not ended."""
        belongs = self._belonging(stream, sample)
        if belongs is None:
            yield from calls
            return
        records = {one.seq: one for one in self._counted(stream)}
        for call in calls:
            record = records.get(seq_of(call))
            if record is None:
                return
            if belongs(record):
                yield call

    def _belonging(self, stream: Sent, sample: Sample) -> Callable[[Record | Request], bool] | None:
        """Whether a request belongs to a sample; None where every one does."""
        facts = self.facts
        if sample == EVERYTHING and not facts.control:
            return None
        kinds = facts.kinds(sample.of, control=sample.control)
        spans = None if sample.during is None else stream.steady(sample.during)

        def belongs(one: Record | Request) -> bool:
            return one.spec in kinds and (
                spans is None or any(begin <= one.intended_ns < end for begin, end in spans)
            )

        return belongs

    def _counted(self, stream: Sent) -> list[Record]:
        ordered = self._records.get(stream.id, [])
        if stream.ended:
            return ordered
        return [one for _, one in takewhile(lambda pair: pair[0] == pair[1].seq, enumerate(ordered))]

    @cached_property
    def _records(self) -> dict[int, list[Record]]:
        found: dict[int, list[Record]] = {one.id: [] for one in self.facts.streams}
        for stream, record in self._ledger.records:
            if stream in found:
                found[stream].append(record)
        for records in found.values():
            records.sort(key=lambda one: one.seq)
        return found


def _tried(call: Call, path: Path) -> bool:
    return any(path.reaches(one) for one in call.attempts)


def seq_of(call: Call) -> int:
    """The number of a call's request within its stream (the last group of the request id)."""
    return int(call.request_id[-12:], 16)
