"""What became of one request, as a tree: who asked whom, in how many attempts, and what each of them met.

The access logs tell of calls and attempts. Where a tracer ran its spans are joined in: what the sidecars passed on to
their applications, and whose call caused which, also where an application does not pass the lineage on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from chaosmesh.envoy import AccessRow
from chaosmesh.envoy.spans import Span
from chaosmesh.ledger.addresses import node_of
from chaosmesh.ledger.faults import FaultWindow, windows
from chaosmesh.ledger.join import Trace
from chaosmesh.ledger.ledger import Ledger
from chaosmesh.ledger.model import Attempt, Call, Request, succeeded
from chaosmesh.ledger.spans import Spans

Kind = Literal["client", "ingress", "app", "call", "attempt"]
PATIENCE = 2.0
"""Seconds for the spans of a request that has just ended; sidecars send theirs each 0.2 s."""
Place = tuple[str, int]  # id of a call, number of one of its attempts
ENTRY: Place = ("", 0)
OF_FAULTS = frozenset({"FI", "DI"})
"""Envoy's flags of a fault that was injected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall. Times are epoch nanoseconds. `where` is a sidecar's key, or the caller and the
    service of a call; `span` is the id of its span, "" where no tracer told. `ok` None: it can't be told."""

    kind: Kind
    where: str
    start_ns: int
    end_ns: int
    status: int = 0
    grpc_status: int | None = None
    flags: tuple[str, ...] = ()
    attempt: int = 0
    notes: tuple[str, ...] = ()
    span: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Milliseconds."""
        return (self.end_ns - self.start_ns) / 1e6

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return succeeded(self.status, self.grpc_status)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Step]]:
        """It and everything below, each with its depth."""
        yield depth, self
        for one in self.steps:
            yield from one.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class Story:
    """One request. `trace_id` is "" where no tracer ran (or took it): `steps` come from the access logs alone then.
    `faults` were in force while it was under way; `missing`: rows that never came."""

    request_id: str
    root: Step
    ok: bool
    cause: str = ""
    faults: tuple[str, ...] = ()
    trace_id: str = ""
    missing: tuple[str, ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False)

    @property
    def attempts(self) -> int:
        """How many attempts it took on all hops."""
        return sum(step.kind == "attempt" for _, step in self.root.walk())

    def __str__(self) -> str:
        from chaosmesh.ledger.waterfall import plain

        return plain(self)

    def as_json(self) -> dict[str, Any]:
        """Plain data; `spans` are those of the tracer."""
        found = asdict(replace(self, spans=()))
        return {**found, "attempts": self.attempts, "spans": [one.as_json() for one in self.spans]}


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
    found = _Tree(trace, spans, labels).root(request)
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


class _Tree:
    """The calls of one request, each under the attempt (of the call above) that caused it."""

    def __init__(self, trace: Trace, spans: Sequence[Span], labels: Mapping[str, str]) -> None:
        self._entry = trace.entry
        self._calls = sorted(trace.calls.values(), key=lambda one: (one.start_ns, one.id))
        self._spans = spans
        self._labels = labels
        self._own = {one.span_id: one for one in spans}
        self._below: dict[Place, list[Call]] = {}
        for call in self._calls:
            self._below.setdefault(self._cause(call), []).append(call)

    def root(self, request: Request | None) -> Step | None:
        inside = self._inside_entry()
        if request is None:
            return inside[0] if inside else None
        return Step(
            "client",
            "client",
            request.sent_ns,
            request.done_ns,
            request.status,
            request.grpc_status,
            notes=_late(request) + ((request.error,) if request.error else ()),
            steps=tuple(inside),
        )

    def _inside_entry(self) -> list[Step]:
        row, calls = self._entry, self._steps_of(ENTRY)
        if row is None or row.side == "egress":
            return calls
        span = self._span("ingress", row.sidecar, lambda one: one.parent_id not in self._own)
        step = _of_row(row, span, self._hit(row.victim))
        return [replace(step, steps=tuple(self._app(span, calls)))]

    def _steps_of(self, place: Place) -> list[Step]:
        return [self._call(one) for one in self._below.get(place, ())]

    def _call(self, call: Call) -> Step:
        span = self._span("call", "", lambda one: one.call == call.id and node_of(one.sidecar) == call.client)
        return Step(
            "call",
            f"{call.client} → {call.service}",
            call.start_ns,
            call.end_ns,
            call.status,
            call.grpc_status,
            call.flags,
            len(call.attempts),
            _words(call.route and f"route {call.route}", call.lost and "its own row was lost"),
            span.span_id if span else "",
            tuple(self._attempt(call, one) for one in call.attempts),
        )

    def _attempt(self, call: Call, one: Attempt) -> Step:
        span = self._span(
            "attempt",
            "",
            lambda own: (
                (own.call, own.attempt) == (call.id, one.number) and node_of(own.sidecar) == call.client
            ),
        )
        calls = self._steps_of((call.id, one.number))
        inside = self._ingress(call, one, span, calls)
        where = one.server if one.replica is None else f"{one.server}.{one.replica}"
        return Step(
            "attempt",
            where or "no host",
            one.start_ns,
            one.end_ns,
            one.status,
            one.grpc_status,
            one.flags,
            one.number,
            _words(
                self._hit(one.victim),
                (says := _beside(one)) and f"{where} says {','.join(says)}",
                one.lost and "only its server saw it",
                not one.matched and one.server and not one.flags and "its server did not see it",
            ),
            span.span_id if span else "",
            tuple(inside),
        )

    def _hit(self, victim: str) -> str:
        """By which faults it was hit, by their numbers where they are told of above."""
        names = [self._labels.get(one, one) for one in victim.split(",") if one]
        return f"victim of {' and '.join(names)}" if names else ""

    def _ingress(self, call: Call, one: Attempt, span: Span | None, calls: list[Step]) -> list[Step]:
        """What the server's sidecar did; without a tracer only its calls are known."""
        inside = self._span(
            "ingress",
            "",
            lambda own: (
                own.parent_id == span.span_id
                if span
                else (own.call, own.attempt) == (call.id, one.number) and node_of(own.sidecar) == one.server
            ),
        )
        if inside is None:
            return calls
        step = Step(
            "ingress", inside.sidecar, inside.start_ns, inside.end_ns, inside.status, span=inside.span_id
        )
        return [replace(step, steps=tuple(self._app(inside, calls)))]

    def _app(self, ingress: Span | None, calls: list[Step]) -> list[Step]:
        """The application behind a sidecar, with the calls that it made."""
        app = ingress and self._span("app", "", lambda one: one.parent_id == ingress.span_id)
        if not app:
            return calls
        step = Step("app", app.sidecar, app.start_ns, app.end_ns, app.status, span=app.span_id)
        return [replace(step, steps=tuple(calls))]

    def _cause(self, call: Call) -> Place:
        """By the spans where the application passed them on, else by the lineage."""
        own = self._span("call", "", lambda one: one.call == call.id and node_of(one.sidecar) == call.client)
        if own and (place := self._above(own)):
            return place
        for other in self._calls:
            for one in other.attempts:
                if other is not call and one.server == call.client and one.lineage == call.lineage != "":
                    return (other.id, one.number)
        return ENTRY

    def _above(self, span: Span) -> Place | None:
        app = self._own.get(span.parent_id)
        ingress = self._own.get(app.parent_id) if app else None
        attempt = self._own.get(ingress.parent_id) if ingress else None
        return (attempt.call, attempt.attempt) if attempt and attempt.kind == "attempt" else None

    def _span(self, kind: str, sidecar: str, true: Any) -> Span | None:
        return next(
            (one for one in self._spans if one.kind == kind and sidecar in ("", one.sidecar) and true(one)),
            None,
        )


def _of_row(row: AccessRow, span: Span | None, hit: str) -> Step:
    end = row.start_ns + round(row.duration_ms * 1e6)
    return Step(
        "ingress",
        row.sidecar,
        row.start_ns,
        end,
        row.status,
        row.grpc_status,
        row.flags,
        notes=_words(hit),
        span=span.span_id if span else "",
    )


def _beside(one: Attempt) -> list[str]:
    """What its server's sidecar says, but for the flags of a fault that is told already."""
    return [flag for flag in one.server_flags if not (one.victim and flag in OF_FAULTS)]


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


def _late(request: Request) -> tuple[str, ...]:
    late = (request.sent_ns - request.intended_ns) / 1e6
    return (f"sent {late:.1f} ms late",) if late >= 1 else ()


def _words(*found: object) -> tuple[str, ...]:
    return tuple(str(one) for one in found if one)


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
