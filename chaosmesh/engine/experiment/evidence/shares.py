"""Shares of the requests: successes, quick answers, statuses."""

from __future__ import annotations

import math

from chaosmesh.engine.experiment.evidence.book import Book
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Evidence, Requirement
from chaosmesh.load import Record


def shares(question: Question, book: Book) -> Evidence:
    """How many of the requests were of the kind that is counted."""
    one, records = question.requirement, book.records()
    return Evidence.share(len(records), sum(request_met(one, record) for record in records))


def request_met(requirement: Requirement, record: Record) -> bool:
    """Whether a request is of the kind that a requirement counts; latency from the intended time."""
    latency = record.latency_ms if record.status else math.inf
    return met(requirement, record.status, latency, record.grpc_status)


def met(requirement: Requirement, status: int, latency_ms: float, grpc_status: int | None) -> bool:
    """Whether an outcome is of the kind that is counted. Status 0 is no answer, which is never quick."""
    if grpc_status:
        return False
    if requirement.limit is not None:
        return status > 0 and latency_ms <= requirement.limit * 1000
    if requirement.statuses is not None:
        return requirement.statuses[0] <= status <= requirement.statuses[1]
    return 0 < status < 500
