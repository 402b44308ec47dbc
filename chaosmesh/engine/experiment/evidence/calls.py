"""What is counted on an edge, call by call: how they ended, how many attempts they took, who answered."""

from __future__ import annotations

import math

from chaosmesh.engine.experiment.evidence.book import Book, Sample
from chaosmesh.engine.experiment.evidence.shares import met
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.ledger import queries


def outcomes(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each call that ended, for its caller's application, in the way that is counted."""
    one = question.requirement
    found = book.calls(question.paths, sample)
    return [float(met(one, call.status, call.duration_ms, call.grpc_status)) for call in found]


def seconds(question: Question, book: Book, sample: Sample) -> list[float]:
    """How long each call took; infinite where no answer came."""
    found = book.calls(question.paths, sample)
    return [one.duration_ms / 1000 if one.status else math.inf for one in found]


def attempts(question: Question, book: Book, sample: Sample) -> list[float]:
    """Attempts of each call."""
    return [float(len(one.attempts)) for one in book.calls(question.paths, sample)]


def attempts_per_request(question: Question, book: Book, sample: Sample) -> list[float]:
    """Attempts on the edge that each request at the entry caused."""
    pairs = set(question.pairs)
    return [
        float(sum(len(call.attempts) for call in one.calls if (call.client, call.service) in pairs))
        for one in book.requests(sample)
    ]


def overflow(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each call that a breaker stopped."""
    return [float(queries.overflow([one]).part) for one in book.calls(question.paths, sample)]


def fallback(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each call that one of the workloads answered which only stand in for the service's own."""
    others = frozenset(question.spare)
    return [float(queries.fallbacks([one], others).part) for one in book.calls(question.paths, sample)]


def orphans(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each attempt that ended after the caller of its call had given up."""
    found: list[float] = []
    for request in book.requests(sample):
        for client, service in question.pairs:
            seen = queries.orphans([request], client, service)
            found += [1.0] * seen.orphaned + [0.0] * (seen.attempts - seen.orphaned)
    return found


def room_of(question: Question) -> int:
    """The most attempts that are thought of: those that the policy allows, and room above a bound that it can't reach."""
    one = question.requirement
    return max(question.most or 0, math.floor(one.bound + one.margin + one.tolerance) + 1)
