"""What is counted for a claim, on ledgers that are written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.experiment.evidence import Book, evidence_from, outcomes, sample_of
from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.observed import observed
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.errors import UsageError
from chaosmesh.judge import Claim, Evidence, Verdict, judge, requirement
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record
from tests.unit.experiment.airport import airport, call, weather

MS = 1_000_000


def record(seq: int, status: int = 200, ms: float = 10.0) -> Record:
    return Record(seq, 0, 0, 0, round(ms * MS), status, 0, "" if status else "timeout")


def question(name: str, claim: Claim, edge=None, most: int | None = None) -> Question:
    return Question(requirement(name, claim), edge, most)


class Written(Ledger):
    """A ledger with the records of stream 1, and the calls that a test gives."""

    def __init__(self, records: Sequence[Record] = (), calls=()) -> None:
        super().__init__()
        self.add_records(1, records)
        self._given = list(calls)

    def calls(self, stream=None, client=None, service=None):
        return [one for one in self._given if (one.client, one.service) == (client, service)]


def book(ledger: Ledger, *, ended: bool = False) -> Book:
    return Book(ledger, Facts(1e-4, "departures", (), (Sent(1, ended),)))


def found(asked: Question, seen: Book) -> Evidence:
    return evidence_from(asked, outcomes(asked, seen, sample_of(asked)))


def counted(asked: Question, calls) -> Evidence:
    return found(asked, book(Written(calls=calls)))


def test_a_request_counts_once_all_before_it_have_ended():
    ok = question("success", at_least(0.9))
    first = [record(2), record(1)]
    assert found(ok, book(Written(first))).n == 0
    whole = found(ok, book(Written([*first, record(0, status=503)])))
    assert (whole.n, whole.k) == (3, 2)


def test_a_request_that_was_never_sent_holds_nothing_up_at_the_end():
    ok = question("success", at_least(0.9))
    ledger = Written([record(0), record(2)])
    assert found(ok, book(ledger)).n == 1
    assert found(ok, book(ledger, ended=True)).n == 2


def test_each_claim_counts_its_own_kind():
    asked = [
        question("success", at_least(0.9)),
        question("p99", at_most("300ms")),
        question("status_503", at_most(0.1)),
        question("status_4xx", at_most(0.1)),
    ]
    ledger = Written([record(0, 200, 300), record(1, 503, 301), record(2, 404, 5), record(3, 0, 5)])
    seen = [found(one, book(ledger)) for one in asked]
    assert [one.k for one in seen] == [2, 2, 1, 1]
    assert {one.n for one in seen} == {4}
    assert observed(book(ledger), ledger, [])["p99_ms"] is None, "unanswered is slower than any answer"


def test_attempts_come_from_the_calls_of_every_edge_that_the_name_stands_for():
    asked = question("attempts", at_most(1.5), weather(airport()), most=3)
    calls = [call(1)] * 60 + [call(2, client="flights-v2")] * 30 + [call(3)] * 10
    evidence = counted(asked, calls)
    assert (evidence.n, evidence.mean, evidence.high) == (100, 1.5, 3)


def test_calls_count_up_to_the_first_that_is_not_complete():
    asked = question("attempts", at_most(1.5), weather(airport()), most=3)
    open_ = replace(call(3), missing=("the third attempt",))
    assert counted(asked, [call(1)] * 4 + [open_] + [call(1)] * 9).n == 4


def test_more_attempts_than_the_policy_allows_make_the_claim_invalid():
    asked = question("attempts", at_most(1.5), weather(airport()), most=3)
    evidence = counted(asked, [call(1)] * 50 + [call(4)])
    assert judge(asked.requirement, evidence).verdict is Verdict.INVALID


def test_a_bound_above_what_the_policy_allows_can_be_kept():
    asked = question("attempts", at_most(5), weather(airport()), most=3)
    evidence = counted(asked, [call(3)] * 200)
    assert judge(asked.requirement, evidence).verdict is Verdict.PASS


def test_success_on_an_edge_is_what_the_callers_application_got():
    asked = question("success", at_least(0.9), weather(airport()))
    evidence = counted(asked, [call(1)] * 8 + [call(3, status=503)] * 2)
    assert (evidence.n, evidence.k) == (10, 8)


def test_attempts_without_an_edge_are_refused():
    with pytest.raises(UsageError, match="on an edge") as error:
        question("attempts", at_most(1.5))
    assert "on=edge" in error.value.hint
