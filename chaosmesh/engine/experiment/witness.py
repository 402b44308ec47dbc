"""What faults did while an expectation ran, as far as the ledger knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.evidence import Book
from chaosmesh.engine.experiment.facts import Span, Struck
from chaosmesh.engine.experiment.in_force import InForce, Met
from chaosmesh.engine.experiment.names import Path
from chaosmesh.ledger import Attempt, FaultEvent, Ledger
from chaosmesh.mesh import Mesh


def struck(contexts: Iterable[InForce], book: Book, ledger: Ledger, mesh: Mesh) -> tuple[Struck, ...]:
    """Every fault with when it was in force, and what it met."""
    return tuple(
        Struck(str(one), spans, met_by(one, spans, book, mesh))
        for one in contexts
        for spans in [spans_of(one, ledger)]
    )


def met_by(context: InForce, spans: Sequence[Span], book: Book, mesh: Mesh) -> Met:
    """What a fault did to the attempts that were made while it was in force."""

    def attempts(path: Path) -> list[Attempt]:
        calls = book.calls([path]) if path.client else []
        return [a for one in calls for a in one.attempts if path.reaches(a) and _during(spans, a)]

    return context.met(mesh, attempts)


def spans_of(context: InForce, ledger: Ledger) -> tuple[Span, ...]:
    """When a fault was in force, each time: from the last of its parts' being applied to the first one's healing."""
    ids = {one.id for one in context.faults}
    found: list[Span] = []
    for event in ledger.faults:
        if event.fault in ids:
            _next(found, str(context), event)
    return tuple(found)


def _next(found: list[Span], label: str, event: FaultEvent) -> None:
    going_on = bool(found) and found[-1].end_ns is None
    if event.phase == "applied":
        coming = found.pop().coming_ns if going_on else event.begun_ns
        found.append(Span(label, event.at_ns, coming_ns=coming))
    elif event.phase == "healed" and going_on:
        found.append(replace(found.pop(), end_ns=event.at_ns))


def _during(spans: Sequence[Span], attempt: Attempt) -> bool:
    return not spans or any(
        one.begin_ns <= attempt.start_ns and (one.end_ns is None or attempt.start_ns < one.end_ns)
        for one in spans
    )
