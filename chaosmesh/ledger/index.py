"""The join kept up to date: rows are filed when somebody asks, each of them once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chaosmesh.envoy import AccessRow
from chaosmesh.ledger.join import Known, Trace
from chaosmesh.ledger.model import Call, Request
from chaosmesh.ledger.ordered import Key, Ordered
from chaosmesh.ledger.rows import canonical
from chaosmesh.load import Record, request_id

Edge = tuple[str, str]  # client, service


class Index:
    """Traces by request id; calls by stream and edge, requests by stream, both in order of time."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._traces: dict[str, Trace] = {}
        self._calls: dict[int | None, dict[Edge, Ordered[Call]]] = {}
        self._requests: dict[int, Ordered[Request]] = {}
        self._dirty: set[str] = set()
        self._open: set[str] = set()
        self.strangers: list[AccessRow] = []

    def file(self, rows: Iterable[AccessRow], records: Iterable[tuple[int, Record]]) -> None:
        """Take in new rows and records, and join again only the requests that they touch."""
        for row in rows:
            if row.request_id:
                self._trace(canonical(row.request_id)).add(row, self._known.addresses)
            elif row.tcp and row.side == "egress":
                self._trace(f"connection {row.call}").add(row, self._known.addresses)
            else:
                self.strangers.append(row)
        for stream, record in records:
            self._trace(request_id(stream, record.seq)).record = record
        for one in self._dirty:
            self._rejoin(self._traces[one])
        self._dirty.clear()

    def again(self) -> None:
        """Join again what was not complete: a sidecar died, so that some rows are no longer to come."""
        for one in tuple(self._open):
            trace = self._traces[one]
            trace.dirty.update(key for key, call in trace.calls.items() if not call.complete)
            self._rejoin(trace)

    def _trace(self, request: str) -> Trace:
        self._dirty.add(request)
        if (trace := self._traces.get(request)) is None:
            trace = self._traces[request] = Trace(request)
        return trace

    def _rejoin(self, trace: Trace) -> None:
        for _, old, new in trace.rebuild(self._known):
            by_edge = self._calls.setdefault(trace.stream, {})
            calls = by_edge.setdefault((new.client, new.service), Ordered())
            if old is not None and old.start_ns != new.start_ns:
                calls.remove(_call_key(old))
            calls.put(_call_key(new), new)
        request = trace.request(self._known)
        if request is not None:
            self._requests.setdefault(request.stream, Ordered()).put((request.seq, "", "", ""), request)
        whole = request.complete if request else all(call.complete for call in trace.calls.values())
        (self._open.discard if whole else self._open.add)(trace.request_id)

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

    def requests(self, stream: int | None) -> list[Request]:
        """Requests of a stream by number; None means all streams."""
        if stream is not None:
            return list(self._requests.get(stream, ()))
        return [one for _, requests in sorted(self._requests.items()) for one in requests]

    def missing(self, stream: int | None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Request ids that are not complete, each with what is missing."""
        for one in sorted(self._open):
            trace = self._traces[one]
            if stream is not None and trace.stream != stream:
                continue
            request = trace.request(self._known)
            yield (
                one,
                request.missing
                if request
                else tuple(m for call in trace.calls.values() for m in call.missing),
            )

    def traces(self) -> Iterator[Trace]:
        """Every trace, by request id."""
        return (self._traces[one] for one in sorted(self._traces))

    def trace(self, request: str) -> Trace | None:
        """The trace of one request id."""
        return self._traces.get(canonical(request))


def _call_key(call: Call) -> Key:
    return (call.start_ns, call.request_id, f"{call.client}>{call.service}", call.id)
