"""Times within calls: between attempts, and until a timeout ended something."""

from __future__ import annotations

from chaosmesh.engine.experiment.evidence.book import Book, Sample
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.ledger import queries


def spacing(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each gap between two attempts of a call that is as long as claimed."""
    gaps = queries.spacings(book.calls(question.paths, sample))
    return [float(question.requirement.timely(gap / 1000)) for gap in gaps]


def cutoff(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each call or attempt that a timeout ended when it is claimed to.

    Calls where the bound is that of the policy on calls, attempts where it is that on attempts, else both.
    """
    seen = queries.cutoffs(book.calls(question.paths, sample))
    found = {"call": seen.calls, "attempt": seen.attempts}.get(question.cut, (*seen.calls, *seen.attempts))
    return [float(question.requirement.timely(ms / 1000)) for ms in found]
