"""What is counted for a claim: one module a kind of claim."""

from __future__ import annotations

from chaosmesh.engine.experiment.evidence import calls, shares
from chaosmesh.engine.experiment.evidence.book import Book
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.judge import Evidence

__all__ = ["Book", "evidence_of"]


def evidence_of(question: Question, book: Book) -> Evidence:
    """What a book says about a question."""
    match question.requirement.measure:
        case "attempts":
            return calls.attempts(question, book)
        case "amplification_entry":
            return calls.attempts_per_request(question, book)
    return calls.shares(question, book) if question.paths else shares.shares(question, book)
