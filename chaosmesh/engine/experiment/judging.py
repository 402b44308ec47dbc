"""The verdict of a run, from its facts and its ledger alone: the same two give the same verdict, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.evidence import (
    Book,
    evidence_from,
    highest,
    moments,
    outcomes,
    sample_of,
    targets,
    values,
)
from chaosmesh.engine.experiment.evidence.vacuous import nothing_counted
from chaosmesh.engine.experiment.facts import Facts
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.result import Claimed
from chaosmesh.judge import (
    Decision,
    Verdict,
    judge,
    judge_against,
    judge_moments,
    judge_readings,
    judge_weights,
    worst,
)
from chaosmesh.ledger import Ledger


def decide(facts: Facts, ledger: Ledger) -> tuple[Verdict, str, tuple[Claimed, ...]]:
    """The verdict on the whole, why, and each claim's own.

    What makes the run invalid goes first, a late generator before everything else; then the worst of the claims.
    """
    book = Book(ledger, facts)
    return concluded(facts, book, decisions_of(facts, book))


def concluded(
    facts: Facts, book: Book, decisions: Sequence[Decision]
) -> tuple[Verdict, str, tuple[Claimed, ...]]:
    """The same, once each question's decision is known."""
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
    return [_decision(one, facts, book) for one in facts.questions]


def _decision(question: Question, facts: Facts, book: Book) -> Decision:
    decision = _judged(question, facts, book)
    if decision.n:
        return decision
    statement, counting = question.requirement.statement, question.counting
    if counting.in_blocks and outcomes(question, book, sample_of(question)):
        short = f"less than one block of {counting.size:,} was counted ({counting.why})"
        return replace(decision, verdict=Verdict.INCONCLUSIVE, reason=f"{statement}: {short}")
    return replace(decision, reason=f"{statement}: {nothing_counted(question)}")


def _judged(question: Question, facts: Facts, book: Book) -> Decision:
    one, sample = question.requirement, sample_of(question)
    if one.in_promql:
        return judge_readings(one, [each for each in facts.readings if each.name == one.name])
    if one.is_moment:
        return judge_moments(one, moments(question, book, sample))
    if one.is_split:
        return judge_weights(one, targets(question, book, sample), facts.alpha)
    if one.relative is not None:
        return _against(question, facts, book)
    return judge(one, evidence_from(question, outcomes(question, book, sample)), facts.alpha)


def _against(question: Question, facts: Facts, book: Book) -> Decision:
    """A bound that comes from the baseline, or from the control cohort."""
    one, sample = question.requirement, sample_of(question)
    other = sample.untouched() if one.relative and one.relative.to == "control" else sample.baseline()
    seen = [values(question, book, which) for which in (other, sample)]
    return judge_against(one, *seen, high=highest(question), alpha=facts.alpha, counting=question.counting)


def _nothing_said(facts: Facts, book: Book) -> Sequence[str]:
    """Why what was measured says nothing about the claims."""
    unmet = [one.met.nothing for one in facts.faults if not one.met.hit]
    if reasons := [*facts.problems, *unmet]:
        return reasons
    records = book.records()
    asked = any(one.requirement.statuses and _holds_404(*one.requirement.statuses) for one in facts.questions)
    if records and not asked and all(one.status == 404 for one in records):
        return ["every request was answered 404: nothing serves this path"]
    return []


def _holds_404(low: int, high: int) -> bool:
    return low <= 404 <= high
