"""What is counted on an edge: calls and their attempts."""

from __future__ import annotations

import math
from collections import Counter

from chaosmesh.engine.experiment.evidence.book import Book
from chaosmesh.engine.experiment.evidence.shares import met
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Evidence


def shares(question: Question, book: Book) -> Evidence:
    """How many of the calls ended, for their caller's application, in the way that is counted."""
    found = book.calls(question.paths)
    one = question.requirement
    good = sum(met(one, call.status, call.duration_ms, call.grpc_status) for call in found)
    return Evidence.share(len(found), good)


def attempts(question: Question, book: Book) -> Evidence:
    """Attempts a call."""
    return _counted(Counter(len(one.attempts) for one in book.calls(question.paths)), question)


def attempts_per_request(question: Question, book: Book) -> Evidence:
    """Attempts on the edge that a request at the entry caused."""
    pairs = set(question.pairs)
    counts = Counter(
        sum(len(call.attempts) for call in one.calls if (call.client, call.service) in pairs)
        for one in book.requests()
    )
    return _counted(counts, question)


def room_of(question: Question) -> int:
    """The most attempts that are thought of: those that the policy allows, and room above a bound that it can't reach."""
    one = question.requirement
    return max(question.most or 0, math.floor(one.bound + one.margin) + 1)


def _counted(counts: Counter[int], question: Question) -> Evidence:
    """More attempts than there is room for make the claim invalid."""
    return Evidence.counted({float(value): often for value, often in counts.items()}, high=room_of(question))
