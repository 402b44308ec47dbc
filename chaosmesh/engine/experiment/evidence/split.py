"""Where calls go: over targets, and of one kind of request."""

from __future__ import annotations

from collections import Counter

from chaosmesh.engine.experiment.evidence.book import Book, Sample
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.ledger import queries


def targets(question: Question, book: Book, sample: Sample) -> Counter[str]:
    """Calls by the target of their first attempt: a retry stays inside the target that the weight chose."""
    return queries.split(book.calls(question.paths, sample), question.route or None)


def sticky(question: Question, book: Book, sample: Sample) -> list[float]:
    """1 for each request whose calls on the edge all went, at first, where most calls of its kind went."""
    pairs = set(question.pairs)
    went = [
        frozenset(
            call.attempts[0].server
            for call in one.calls
            if (call.client, call.service) in pairs and call.attempts
        )
        for one in book.requests(sample)
    ]
    seen = Counter(server for servers in went for server in servers)
    if not seen:
        return []
    home = min(seen, key=lambda server: (-seen[server], server))
    return [float(servers == {home}) for servers in went if servers]
