"""The join kept up to date: rows are filed when somebody asks, each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger.faults import FaultEvent
from chaosmesh.ledger.join import Known, Trace
from chaosmesh.ledger.model import Call, Request
from chaosmesh.ledger.ordered import Key, Ordered, Whole
from chaosmesh.ledger.rows import canonical
from chaosmesh.load import Record, request_id

Edge = tuple[str, str]  # client, service


class Index:
    """Traces by request id; calls by stream and edge, requests by stream, both in order of time.

    `changes` grows whenever anything that can be asked for may have changed.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._traces: dict[str, Trace] = {}
        self._calls: dict[int | None, dict[Edge, Ordered[Call]]] = {}
        self._wholes: dict[tuple[int | None, Edge], Whole[Call]] = {}
        self._requests: dict[int, Ordered[Request]] = {}
        self._dirty: set[str] = set()
        self._open: dict[int | None, dict[str, tuple[str, ...]]] = {}
        self._sizes: Counter[int | None] = Counter()
        self._failed: dict[str, int] = {}
        self.strangers: list[AccessRow] = []
        self.changes = 0

    def file(
        self,
        rows: Iterable[AccessRow],
        records: Iterable[tuple[int, Record]],
        timeline: Sequence[FaultEvent] | None = None,
        since_ns: int = 0,
    ) -> None:
        """Take in new rows and records, and join again only the requests that they touch; `timeline` is None, or
        all the steps of faults if some came in, of which the first was begun at `since_ns`."""
        for row in rows:
            if row.request_id:
                self._trace(canonical(row.request_id)).add(row, self._known.addresses)
            elif row.tcp and row.side == "egress":
                self._trace(f"connection {row.call}").add(row, self._known.addresses)
            else:
                self.strangers.append(row)
        for stream, record in records:
            self._trace(request_id(stream, record.seq)).record = record
        if timeline is not None:
            self._known.blame.learn(timeline)
        self.changes += bool(self._dirty) or timeline is not None
        news = False
        for one in self._dirty:
            news |= self._rejoin(self._traces[one])
        self._dirty.clear()
        if news or timeline is not None:
            self._explain(0 if news else since_ns)

    def again(self) -> None:
        """Join again what was not complete: a sidecar died, so that some rows are no longer to come."""
        self.changes += 1
        for one in [one for ids in self._open.values() for one in ids]:
            trace = self._traces[one]
            trace.dirty.update(key for key, call in trace.calls.items() if not call.complete)
            self._rejoin(trace)
        self._explain(0)

    def _trace(self, request: str) -> Trace:
        self._dirty.add(request)
        if (trace := self._traces.get(request)) is None:
            trace = self._traces[request] = Trace(request)
            self._sizes[trace.stream] += 1
        return trace

    def _rejoin(self, trace: Trace) -> bool:
        """Join one request anew; whether that taught something which may explain the failures of others."""
        news = False
        for _, old, new in trace.rebuild(self._known):
            by_edge = self._calls.setdefault(trace.stream, {})
            calls = by_edge.setdefault((new.client, new.service), Ordered())
            if old is not None and old.start_ns != new.start_ns:
                calls.remove(_call_key(old))
            calls.put(_call_key(new), new)
            for one in new.attempts:
                if one.server and one.server not in self._known.blame.targets.get(new.service, ()):
                    news |= self._known.blame.serves(new.service, one.server)
        return self._rewrite(trace) or news

    def _rewrite(self, trace: Trace) -> bool:
        request = trace.request(self._known)
        news = False
        if request is not None:
            self._requests.setdefault(request.stream, Ordered()).put((request.seq, "", "", ""), request)
            if request.cause is not None:
                self._failed[trace.request_id] = request.done_ns
            else:
                self._failed.pop(trace.request_id, None)
            missing = request.missing
            news = bool(request.entry) and self._known.blame.enters(request.stream, request.entry)
        else:
            missing = tuple(text for call in trace.calls.values() for text in call.missing)
        open_ = self._open.setdefault(trace.stream, {})
        if missing:
            open_[trace.request_id] = missing
        else:
            open_.pop(trace.request_id, None)
        return news

    def _explain(self, since_ns: int) -> None:
        """Look again for the causes of failures from a time on: something that may explain them has become known."""
        for one in [one for one, done_ns in self._failed.items() if done_ns >= since_ns]:
            self._rewrite(self._traces[one])

    def calls(self, stream: int | None, client: str | None, service: str | None) -> list[Call]:
        """Calls by start; None means any."""
        streams = self._calls.values() if stream is None else [self._calls.get(stream, {})]
        lists = [
            list(calls)
            for by_edge in streams
            for edge, calls in by_edge.items()
            if client in {None, edge[0]} and service in {None, edge[1]}
        ]
        if len(lists) == 1:
            return lists[0]
        return sorted((call for one in lists for call in one), key=_call_key)

    def whole(self, stream: int, client: str, service: str) -> Whole[Call]:
        """Calls of an edge up to the first that is not complete, kept from look to look."""
        key = (stream, (client, service))
        if key not in self._wholes:
            source = self._calls.get(stream, {}).get((client, service))
            if source is None:
                return Whole()
            source.changed = 0
            self._wholes[key] = Whole(source)
        self._wholes[key].update()
        return self._wholes[key]

    def requests(self, stream: int | None) -> list[Request]:
        """Requests of a stream by number; None means all streams."""
        if stream is not None:
            return list(self._requests.get(stream, ()))
        return [one for _, requests in sorted(self._requests.items()) for one in requests]

    def size(self, stream: int | None) -> int:
        """How many requests were seen at all; None means of all streams."""
        return len(self._traces) if stream is None else self._sizes[stream]

    def missing(self, stream: int | None) -> list[tuple[str, tuple[str, ...]]]:
        """Request ids that are not complete, in order, each with what is missing."""
        if stream is not None:
            return sorted(self._open.get(stream, {}).items())
        return sorted(one for ids in self._open.values() for one in ids.items())

    def traces(self) -> Iterator[Trace]:
        """Every trace, by request id."""
        return (self._traces[one] for one in sorted(self._traces))

    def trace(self, request: str) -> Trace | None:
        """The trace of one request id."""
        return self._traces.get(canonical(request))


def _call_key(call: Call) -> Key:
    return (call.start_ns, call.request_id, f"{call.client}>{call.service}", call.id)
