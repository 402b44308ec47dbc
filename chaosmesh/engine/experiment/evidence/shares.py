"""Outcomes of requests at the entry: successes, quick answers, statuses."""

from __future__ import annotations

import math

from chaosmesh.engine.experiment.evidence.book import Book, Sample
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Requirement
from chaosmesh.load import Record


def requests(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each request of the kind that is counted, 0 for each other one."""
    one = question.requirement
    return [float(request_met(one, record)) for record in book.records(sample)]


def seconds(_: Question, book: Book, sample: Sample) -> list[float]:
    """How long each request took, from its intended time; infinite where no answer came."""
    return [latency_ms(one) / 1000 for one in book.records(sample)]


def request_met(requirement: Requirement, record: Record) -> bool:
    """Whether a request is of the kind that a requirement counts; latency from the intended time."""
    return met(requirement, record.status, latency_ms(record), record.grpc_status)


def latency_ms(record: Record) -> float:
    """What a user felt; infinite where no answer came."""
    return record.latency_ms if record.status else math.inf


def met(requirement: Requirement, status: int, latency: float, grpc_status: int | None) -> bool:
    """Whether an outcome is of the kind that is counted. Status 0 is no answer, which is never quick."""
    if requirement.grpc is not None:
        return status > 0 and grpc_status == requirement.grpc
    if grpc_status:
        return False
    if requirement.limit is not None:
        return status > 0 and requirement.timely(latency / 1000)
    if requirement.statuses is not None:
        return requirement.statuses[0] <= status <= requirement.statuses[1]
    return 0 < status < 500
