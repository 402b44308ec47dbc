"""The tree of one request: each call under the attempt that caused it, with the spans of a tracer joined in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaosmesh.envoy import AccessRow
from chaosmesh.envoy.spans import Span
from chaosmesh.ledger.addresses import node_of
from chaosmesh.ledger.join import Trace
from chaosmesh.ledger.model import Attempt, Call, Request
from chaosmesh.ledger.steps import Step

Place = tuple[str, int]  # id of a call, number of one of its attempts
ENTRY: Place = ("", 0)
OF_FAULTS = frozenset({"FI", "DI"})
"""Envoy's flags of a fault that was injected."""


class Tree:
    """The calls of one request, each under the attempt (of the call above) that caused it. `labels` are what faults are
    called, by their ids."""

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
        """The whole of it; `request` is the generator's, if one sent it. None where nothing is known."""
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


def _late(request: Request) -> tuple[str, ...]:
    late = (request.sent_ns - request.intended_ns) / 1e6
    return (f"sent {late:.1f} ms late",) if late >= 1 else ()


def _words(*found: object) -> tuple[str, ...]:
    return tuple(str(one) for one in found if one)
