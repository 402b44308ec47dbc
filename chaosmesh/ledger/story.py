"""The stories of requests: what the access logs and a tracer's spans tell of each, and the faults in force meanwhile.

The access logs tell of calls and attempts. Where a tracer ran its spans are joined in: what the sidecars passed on to
their applications, and whose call caused which, also where an application does not pass the lineage on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chaosmesh.ledger.faults import FaultWindow, windows
from chaosmesh.ledger.join import Trace
from chaosmesh.ledger.ledger import Ledger
from chaosmesh.ledger.model import Request
from chaosmesh.ledger.spans import Spans
from chaosmesh.ledger.steps import Step, Story
from chaosmesh.ledger.tree import Tree

__all__ = ["PATIENCE", "Step", "Stories", "Story", "chosen", "story"]

PATIENCE = 2.0
"""Seconds for the spans of a request that has just ended; sidecars send theirs each 0.2 s."""


def story(ledger: Ledger, request_id: str, patience: float = 0.0) -> Story | None:
    """What is known of a request; None where nothing is. Waits up to `patience` seconds for its last spans, if there
    is a tracer."""
    trace = ledger.trace(request_id)
    if trace is None:
        return None
    request = ledger.request(request_id)
    if isinstance(ledger.spans, Spans) and ledger.spans and patience:
        _wait(ledger.spans, trace, patience)
    spans = ledger.spans.of(trace.request_id)
    begin, end = _extent(trace, request)
    faults = [one for one in windows(ledger.faults) if one.overlaps(begin, end)]
    labels = {one.fault: f"fault {number}" for number, one in enumerate(faults, 1)}
    found = Tree(trace, spans, labels).root(request)
    if found is None:
        return None
    return Story(
        request_id=trace.request_id,
        root=found,
        ok=found.ok if request is None else request.ok,
        cause=str(request.cause) if request and request.cause else "",
        faults=tuple(_told(one, begin) for one in faults),
        trace_id=spans[0].trace_id if spans else "",
        missing=request.missing if request else (),
        spans=tuple(spans),
    )


def _wait(spans: Spans, trace: Trace, patience: float) -> None:
    """Until every sidecar that wrote a row of the request has sent a span of it."""
    keys = {trace.entry.sidecar} if trace.entry else set()
    for call in trace.calls.values():
        keys |= {f"{call.client}.{call.replica}"} if call.replica is not None else set()
        keys |= {f"{one.server}.{one.replica}" for one in call.attempts if one.matched}
    spans.until(lambda: keys <= {one.sidecar for one in spans.of(trace.request_id)}, patience)


def _extent(trace: Trace, request: Request | None) -> tuple[int, int]:
    """From when to when it was under way."""
    if request is not None:
        return request.sent_ns, request.done_ns
    begins = [call.start_ns for call in trace.calls.values()]
    ends = [call.end_ns for call in trace.calls.values()]
    if trace.entry:
        begins.append(trace.entry.start_ns)
        ends.append(trace.entry.start_ns + round(trace.entry.duration_ms * 1e6))
    return min(begins, default=0), max(ends, default=0)


def _told(window: FaultWindow, begin_ns: int) -> str:
    since = (begin_ns - window.begin_ns) / 1e9
    when = f"since {since:.1f} s before" if since >= 0 else f"from {-since * 1e3:.0f} ms after"
    return f"{window.kind} at {window.target}, {when} the request began ({window.fault})"


def chosen(requests: Iterable[Request], *, failed: bool = False, slowest: int | None = None) -> list[Request]:
    """Those that failed, by their time; or so many of the slowest, unanswered ones first."""
    found = [one for one in requests if not (failed and one.ok)]
    if slowest is None:
        return sorted(found, key=lambda one: one.intended_ns)
    return sorted(found, key=lambda one: -one.latency_ms)[:slowest]


class Stories(Mapping[str, Story]):
    """The requests of some streams, each with its story, by request id; made when it is asked for."""

    def __init__(self, ledger: Ledger, streams: Sequence[int]) -> None:
        self._ledger = ledger
        self._requests = {one.request_id: one for number in streams for one in ledger.requests(number)}

    def __getitem__(self, request_id: str) -> Story:
        if request_id not in self._requests or (found := story(self._ledger, request_id, PATIENCE)) is None:
            raise KeyError(request_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def failed_ids(self) -> list[str]:
        """The ids of those that failed, by time."""
        return [one.request_id for one in chosen(self._requests.values(), failed=True)]

    @property
    def failed(self) -> list[Story]:
        """The stories of those that failed, by time."""
        return [self[one] for one in self.failed_ids]

    def slowest(self, count: int = 1) -> list[Story]:
        """The stories of so many of the slowest, unanswered ones first."""
        return [self[one.request_id] for one in chosen(self._requests.values(), slowest=count)]
