"""What is counted for a claim: one module a kind of claim. Outcomes in the order in which they were planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chaosmesh.engine.experiment.evidence import calls, shares, split, times
from chaosmesh.engine.experiment.evidence.book import EVERYTHING, Book, Sample
from chaosmesh.engine.experiment.evidence.moments import moments
from chaosmesh.engine.experiment.evidence.split import targets
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Evidence, Measure

__all__ = [
    "EVERYTHING",
    "Book",
    "Sample",
    "evidence_from",
    "highest",
    "moments",
    "outcomes",
    "sample_of",
    "targets",
    "values",
]

_Counting = Callable[[Question, Book, Sample], list[float]]

_HOW: Mapping[Measure, _Counting] = {
    "attempts": calls.attempts,
    "amplification_entry": calls.attempts_per_request,
    "spacing": times.spacing,
    "cutoff": times.cutoff,
    "sticky": split.sticky,
    "overflow": calls.overflow,
    "fallback": calls.fallback,
    "orphans": calls.orphans,
}


def sample_of(question: Question) -> Sample:
    """The requests that a question is about."""
    return Sample(question.requirement.of, question.requirement.during)


def outcomes(question: Question, book: Book, sample: Sample) -> list[float]:
    """What each request, call or gap of a sample counts: 1 or 0, or a number of attempts."""
    otherwise = calls.outcomes if question.paths else shares.requests
    return _HOW.get(question.requirement.measure, otherwise)(question, book, sample)


def values(question: Question, book: Book, sample: Sample) -> list[float]:
    """What one sample is compared with another by: seconds of a latency, else the outcomes."""
    if question.requirement.measure != "latency":
        return outcomes(question, book, sample)
    return (calls.seconds if question.paths else shares.seconds)(question, book, sample)


def highest(question: Question) -> float:
    """The highest value that an outcome may have."""
    return 1.0 if question.requirement.is_share else float(calls.room_of(question))


def evidence_from(question: Question, found: list[float]) -> Evidence:
    """Outcomes as evidence, one by one or in blocks."""
    return question.counting.evidence(found, high=highest(question))
