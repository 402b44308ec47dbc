"""The verdict of a run, from its facts and its ledger alone: the same two give the same verdict, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.engine.experiment.evidence import Book, evidence_of
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.result import Claimed
from chaosmesh.judge import Decision, Verdict, judge, worst
from chaosmesh.ledger import Ledger


def decide(facts: Facts, ledger: Ledger) -> tuple[Verdict, str, tuple[Claimed, ...]]:
    """The verdict on the whole, why, and each claim's own.

    What makes the run invalid goes first, a late generator before everything else; then the worst of the claims.
    """
    book = Book(ledger, facts)
    decisions = decisions_of(facts, book)
    claimed = tuple(
        Claimed(str(one), decision, one.planned, one.requirement.is_share)
        for one, decision in zip(facts.questions, decisions, strict=True)
    )
    if reasons := _nothing_said(facts, book):
        return Verdict.INVALID, "; ".join(reasons), claimed
    verdict = worst(one.verdict for one in decisions)
    return verdict, "; ".join(one.reason for one in decisions if one.verdict is verdict), claimed


def decisions_of(facts: Facts, book: Book) -> list[Decision]:
    """Each question's decision, by what the book holds so far."""
    return [judge(one.requirement, evidence_of(one, book), facts.alpha) for one in facts.questions]


def _nothing_said(facts: Facts, book: Book) -> Sequence[str]:
    """Why what was measured says nothing about the claims."""
    unmet = [one.met.nothing for one in facts.faults if not one.met.hit]
    if reasons := [*facts.problems, *unmet]:
        return reasons
    records = book.records()
    if records and all(one.status == 404 for one in records):
        return ["every request was answered 404: nothing serves this path"]
    return []
