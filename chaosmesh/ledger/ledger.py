"""The ledger of a run: everything that every request met, joined while the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger import conservation
from chaosmesh.ledger.addresses import Addresses, node_of
from chaosmesh.ledger.answers import Answers
from chaosmesh.ledger.conservation import EGRESS, Conservation, Counters
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.ledger.index import Index
from chaosmesh.ledger.join import Known, Trace
from chaosmesh.ledger.model import Call, Request
from chaosmesh.ledger.ordered import Whole
from chaosmesh.ledger.rows import canonical, order
from chaosmesh.ledger.spans import Spans, SpanSource
from chaosmesh.ledger.timeline import Timeline, timeline
from chaosmesh.load import Record, Stream

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many requests have all their rows in, and in words what the others still lack."""

    complete: int
    incomplete: int
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.incomplete


class Ledger(Answers):
    """Takes rows, records and fault events in at the cost of an append; joins when it is asked."""

    def __init__(self, addresses: Addresses | None = None) -> None:
        self.addresses = addresses or Addresses()
        self.killed: dict[str, int] = {}
        self.faults: list[FaultEvent] = []
        self.rows: list[AccessRow] = []
        self.records: list[tuple[int, Record]] = []
        self.spans: SpanSource = Spans()
        self.connections: set[int] = set()
        self._known = Known(self.addresses, self.killed, self.connections)
        self._index = Index(self._known)
        self._filed = (0, 0, 0)
        self._tables: dict[tuple[str, int | None], tuple[int, pa.Table]] = {}

    def add_rows(self, rows: Iterable[AccessRow]) -> None:
        """Take in access-log rows, in whatever order they come."""
        self.rows.extend(rows)

    def add_records(self, stream: Stream | int, records: Iterable[Record]) -> None:
        """Take in what the generator saw of one stream (the stream, or its id). Only the stream itself tells that
        its requests are connections (TCP), for which no rows are waited for."""
        number = stream if isinstance(stream, int) else stream.id
        if isinstance(stream, Stream) and any(one.protocol == "tcp" for one in stream.requests):
            self.connections.add(number)
        self.records.extend((number, one) for one in records)

    def add_fault(self, event: FaultEvent) -> None:
        """Note a step of a fault."""
        self.faults.append(event)

    def sidecar_killed(self, sidecar: str, at_ns: int) -> None:
        """Note that a sidecar ended without flushing its log (epoch ns): its counters start anew, and its
        last rows are no longer waited for."""
        self.killed[sidecar] = max(at_ns, self.killed.get(sidecar, at_ns))
        self._joined().again()

    def _joined(self) -> Index:
        rows, records, faults = self._filed
        self._filed = (len(self.rows), len(self.records), len(self.faults))
        if self._filed == (rows, records, faults):
            return self._index
        new = self.faults[faults:]
        since = min((one.begun_ns or one.at_ns for one in new), default=0)
        self._index.file(self.rows[rows:], self.records[records:], self.faults if new else None, since)
        return self._index

    def calls(
        self, stream: int | None = None, client: str | None = None, service: str | None = None
    ) -> list[Call]:
        """Calls by start time, those included whose rows are not all in (`Call.complete`); None means any."""
        return self._joined().calls(stream, client, service)

    def requests(self, stream: int | None = None) -> list[Request]:
        """The generator's requests by number, with their calls; None means all streams."""
        return self._joined().requests(stream)

    def trace(self, request_id: str) -> Trace | None:
        """All that is known of one request id, also of one that no generator sent; None: nothing."""
        return self._joined().trace(canonical(request_id))

    def request(self, request_id: str) -> Request | None:
        """The generator's request of that id."""
        trace = self.trace(request_id)
        return trace.request(self._known) if trace else None

    def whole(self, client: str, service: str, stream: int) -> Whole[Call]:
        """Calls of an edge up to the first whose rows are not all in: what may be counted while more comes in.
        Asking again costs what has come in since, however long the list is."""
        return self._joined().whole(stream, client, service)

    def complete(self, stream: int | None = None, *, requests: Collection[str] | None = None) -> Completeness:
        """Which requests have all their rows in: of a stream, of some request ids, or of everything.

        Rows that nobody knows of yet are not missed here; the proof that none is to come is `conservation`.
        """
        index = self._joined()
        if requests is not None:
            return _of_ids(index, requests)
        open_ = index.missing(stream)
        texts = tuple(text for _, texts in open_ for text in texts)
        return Completeness(index.size(stream) - len(open_), len(open_), texts)

    def conservation(self, counters: Counters, *, prefix: str = EGRESS) -> Conservation:
        """Rows against the counters of every sidecar ({sidecar: {cluster: {counter: value}}}, see
        `parse_stats`), each for its present life; `prefix` picks the clusters by name."""
        counted = conservation.count_rows(self.rows, self.killed, prefix)
        return conservation.compare(counted, counters, self.lost(), prefix)

    def lost(self) -> int:
        """Attempts of killed sidecars that only their servers saw."""
        dead = {node_of(key) for key in self.killed}
        return sum(one.lost for call in self.calls() if call.client in dead for one in call.attempts)

    def lost_rows(self) -> Counter[str]:
        """Rows that are known to be missing because a killed sidecar took them along, by sidecar (by workload
        where only its peers tell of them)."""
        found: Counter[str] = Counter()
        for trace in self._joined().traces() if self.killed else ():
            found += trace.lost(self._known)
        return found

    def unmatched(self) -> list[tuple[AccessRow, str]]:
        """Rows that found no partner, each with the reason; the partners that a killed sidecar took along are in
        `lost_rows` instead."""
        return [found for trace in self._joined().traces() for found in trace.unmatched(self._known)]

    def arrow(self, name: str = "requests", stream: int | None = None) -> pa.Table:
        """One table as an Arrow table: "requests", "calls", "attempts" or "faults"; `docs/ledger.md` has the columns."""
        from chaosmesh.ledger import tables

        changes = self._joined().changes
        if (known := self._tables.get((name, stream))) is None or known[0] != changes:
            known = self._tables[name, stream] = (changes, tables.table(self, name, stream))
        return known[1]

    def sql(self, query: str, stream: int | None = None) -> pd.DataFrame:
        """What DuckDB answers to a query over requests, calls, attempts and faults; UsageError if it can't."""
        from chaosmesh.ledger import tables

        return tables.sql(lambda name: self.arrow(name, stream), query)

    def requests_frame(self, stream: int | None = None) -> pd.DataFrame:
        """A line for each request of the generator."""
        return self.arrow("requests", stream).to_pandas()

    def calls_frame(self, stream: int | None = None) -> pd.DataFrame:
        """A line for each call that an application made."""
        return self.arrow("calls", stream).to_pandas()

    def attempts_frame(self, stream: int | None = None) -> pd.DataFrame:
        """A line for each attempt of each call."""
        return self.arrow("attempts", stream).to_pandas()

    def timeline(self, stream: int | None = None, *, step_s: float = 1.0) -> Timeline:
        """What was sent, what failed and why, and the faults in force, second by second (or by another step)."""
        return timeline(self.requests(stream), self.faults, step_s=step_s)

    def write(self, folder: Path) -> None:
        """Write requests.parquet, attempts.parquet and faults.json, and traces.parquet where a tracer ran."""
        from chaosmesh.ledger import store

        store.write(self, folder)

    @classmethod
    def read(cls, folder: Path, only: Collection[str] | None = None) -> Ledger:
        """The ledger that was written there, or what it holds of a few requests (`only`: their ids); UsageError if a file
        is missing or damaged."""
        from chaosmesh.ledger import store

        return store.read(folder, only)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ledger):
            return NotImplemented
        return self._content() == other._content()

    __hash__ = None  # type: ignore[assignment]

    def _content(self) -> tuple[object, ...]:
        records = sorted(self.records, key=lambda one: (one[0], one[1].seq))
        return (sorted(self.rows, key=order), records, self.faults, self.killed, self.addresses)


def _of_ids(index: Index, requests: Collection[str]) -> Completeness:
    missing = dict(index.missing(None))
    unknown = [one for one in requests if index.trace(one) is None]
    texts = [text for one in requests for text in missing.get(one, ())]
    texts += [f"request {one}: no row at all" for one in unknown]
    open_ = sum(one in missing for one in requests) + len(unknown)
    return Completeness(len(requests) - open_, open_, tuple(texts))
