"""Moments of a run: how long something took that happens a few times at most.

Each time that faults came and went is one occurrence; what overlaps is one. What had not come when the load ended, or
the next fault began, is later than that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from chaosmesh.engine.experiment.evidence.book import Book, Sample
from chaosmesh.engine.experiment.facts import Span
from chaosmesh.engine.experiment.names import Path
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Moment
from chaosmesh.ledger import Call, Request, queries

T = TypeVar("T")
_Ms = Callable[[list[Call], str, int, int], float | None]


def moments(question: Question, book: Book, sample: Sample) -> list[Moment]:
    """The moments that a question asks for, one an occurrence."""
    return list(_OF[question.requirement.measure](question, book, sample))


def ejected(question: Question, book: Book, sample: Sample) -> Iterator[Moment]:
    """From a fault's start to the last attempt that still reached the replica before it was left out; nothing where it
    got none at all, for then it was left out already when the load began."""
    calls, (first, last) = book.calls(_wide(question), sample), _watched(book)
    for span in occurrences(book.facts.spans):
        since, until = max(span.begin_ns, first), min(span.end_ns or last, last)
        if since < until:
            before = [one for one in calls if one.start_ns < until]
            found = _of_replicas(question, before, since, queries.ejected_ms)
            if found:
                yield _moment(min((one for one in found if one is not None), default=None), since, until)


def returned(question: Question, book: Book, sample: Sample) -> Iterator[Moment]:
    """From the healing to the first attempt that the replica got again; nothing where it never was left out."""
    calls = book.calls(_wide(question), sample)
    for since, until in _healings(book):
        before = [one for one in calls if one.start_ns < until]
        found = _of_replicas(question, before, since, queries.returned_ms, left_out=True)
        if found:
            worst = None if None in found else max(one for one in found if one is not None)
            yield _moment(worst, since, until)


def recovery(_: Question, book: Book, sample: Sample) -> Iterator[Moment]:
    """From the healing to the last request that was meant to be sent before users were well again."""
    requests = book.requests(sample)
    background = _background(requests, book)
    for since, until in _healings(book):
        seen = queries.recovery(requests, since, background=background, until_ns=until)
        if seen.requests:
            yield _moment(seen.ms, since, until)


def shift(question: Question, book: Book, sample: Sample) -> Iterator[Moment]:
    """From a policy's being in force to the last call that met the old one. Calls that start while the next one is put
    in force may meet either, and tell nothing."""
    calls, (first, last) = book.calls(question.paths, sample), _watched(book)
    for one in book.facts.policies:
        since, until = one.begin_ns, min(one.end_ns or last + 1, last + 1)
        seen = queries.strays([call for call in calls if call.start_ns < until], since)
        if first <= since < last and seen.calls:
            yield _moment(seen.after_ms, since, until)


def occurrences(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap or touch joined into one each, in order of time."""
    found: list[Span] = []
    for one in sorted(spans, key=lambda span: span.begin_ns):
        if found and (found[-1].end_ns is None or one.begin_ns <= found[-1].end_ns):
            ends = (found[-1].end_ns, one.end_ns)
            coming = min(found[-1].first_ns, one.first_ns)
            found[-1] = replace(found[-1], end_ns=_latest(ends), coming_ns=coming)
        else:
            found.append(one)
    return found


def _latest(ends: tuple[int | None, int | None]) -> int | None:
    first, second = ends
    return None if first is None or second is None else max(first, second)


def _healings(book: Book) -> Iterator[tuple[int, int]]:
    """When nothing was broken any more, and until when: the next fault began to come, or the load ended."""
    first, last = _watched(book)
    spans = occurrences(book.facts.spans)
    for span, until in _until([one.first_ns for one in spans], spans, last):
        if span.end_ns is not None and first <= span.end_ns < min(until, last):
            yield span.end_ns, min(until, last + 1)


def _until(begins: list[int], things: list[T], last: int) -> Iterator[tuple[T, int]]:
    """Each thing with the beginning of the next one, or the end of the load."""
    return zip(things, [*begins[1:], last + 1], strict=False)


def _watched(book: Book) -> tuple[int, int]:
    """When the first and the last request were meant to be sent (epoch ns)."""
    times = [one.intended_ns for one in book.records()]
    return (min(times), max(times)) if times else (0, 0)


def _wide(question: Question) -> list[Path]:
    """The edges as a whole: that a replica is passed by shows in the calls that went to others."""
    return list(dict.fromkeys(Path(*pair) for pair in question.pairs))


def _moment(ms: float | None, since: int, until: int) -> Moment:
    return Moment.later_than((until - since) / 1e9) if ms is None else Moment.at(ms / 1000)


def _of_replicas(
    question: Question, calls: list[Call], since: int, ms_of: _Ms, *, left_out: bool = False
) -> list[float | None]:
    """By replica that is meant, the slowest caller's time; `left_out`: only callers that had left it out count."""
    found: dict[tuple[str, int], list[float | None]] = {}
    for path in question.paths:
        mine = [one for one in calls if (one.client, one.service) == path.pair]
        for server, replica in sorted(_replicas(path, mine)):
            if not left_out or any(one.last_ns < since for one in queries.absences(mine, server, replica)):
                found.setdefault((server, replica), []).append(ms_of(mine, server, replica, since))
    return [None if None in each else max(one for one in each if one is not None) for each in found.values()]


def _replicas(path: Path, calls: list[Call]) -> set[tuple[str, int]]:
    seen = {(a.server, a.replica) for call in calls for a in call.attempts if a.replica is not None}
    return {
        (server, replica)
        for server, replica in seen
        if path.workload in (None, server) and path.replica in (None, replica)
    }


def _background(requests: list[Request], book: Book) -> queries.Share | None:
    """Good requests before anything was broken; None where nothing was sent then."""
    start = min((one.first_ns for one in book.facts.spans), default=math.inf)
    before = [one.ok for one in requests if one.intended_ns < start]
    return queries.Share(len(before), sum(before)) if before else None


_OF = {"ejected": ejected, "returned": returned, "recovery": recovery, "shift": shift}
