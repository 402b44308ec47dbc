from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh import at_least, at_most
from chaosmesh.engine.experiment.counts import Outcomes, Question, on_edge
from chaosmesh.errors import UsageError
from chaosmesh.judge import Claim, Verdict, judge, requirement
from chaosmesh.load import Record
from tests.unit.experiment.airport import airport, call, weather

MS = 1_000_000


def record(seq: int, status: int = 200, ms: float = 10.0) -> Record:
    return Record(seq, 0, 0, 0, round(ms * MS), status, 0, "" if status else "timeout")


def question(name: str, claim: Claim, edge=None) -> Question:
    return Question(requirement(name, claim), edge)


class OneEdge:
    """A ledger that knows the calls of one stream."""

    def __init__(self, calls) -> None:
        self._calls = calls

    def calls(self, stream, client, service):
        return [one for one in self._calls if (one.client, one.service) == (client, service)]


def test_a_request_counts_once_all_before_it_have_ended():
    ok = question("success", at_least(0.9))
    counted = Outcomes([ok])
    counted.add([record(1), record(2)])
    assert counted.n == 0
    counted.add([record(0, status=503)])
    assert (counted.n, counted.ok, counted.evidence(ok).k) == (3, 2, 2)


def test_a_request_that_was_never_sent_holds_nothing_up_at_the_end():
    ok = question("success", at_least(0.9))
    counted = Outcomes([ok])
    counted.add([record(0), record(2)])
    counted.end()
    assert counted.n == 2
    counted.add([record(0)])
    assert counted.n == 3, "the next stream counts from its own beginning"


def test_each_claim_counts_its_own_kind():
    asked = [
        question("success", at_least(0.9)),
        question("p99", at_most("300ms")),
        question("status_503", at_most(0.1)),
        question("status_4xx", at_most(0.1)),
    ]
    counted = Outcomes(asked)
    counted.add([record(0, 200, 300), record(1, 503, 301), record(2, 404, 5), record(3, 0, 5)])
    assert [counted.evidence(one).k for one in asked] == [2, 2, 1, 1]
    assert {counted.evidence(one).n for one in asked} == {4}
    assert counted.quantile_ms(0.99) is None, "an unanswered request is slower than any answer"


def test_attempts_come_from_the_calls_of_every_edge_that_the_name_stands_for():
    mesh = airport()
    asked = question("attempts", at_most(1.5), weather(mesh))
    calls = [call(1)] * 60 + [call(2, client="flights-v2")] * 30 + [call(3)] * 10
    evidence = on_edge(asked, OneEdge(calls), [1], mesh, "departures")
    assert (evidence.n, evidence.mean, evidence.high) == (100, 1.5, 3)


def test_calls_count_up_to_the_first_that_is_not_complete():
    mesh = airport()
    asked = question("attempts", at_most(1.5), weather(mesh))
    open_ = replace(call(3), missing=("the third attempt",))
    evidence = on_edge(asked, OneEdge([call(1)] * 4 + [open_] + [call(1)] * 9), [1], mesh, "departures")
    assert evidence.n == 4


def test_more_attempts_than_the_policy_allows_make_the_claim_invalid():
    mesh = airport()
    asked = question("attempts", at_most(1.5), weather(mesh))
    evidence = on_edge(asked, OneEdge([call(1)] * 50 + [call(4)]), [1], mesh, "departures")
    assert judge(asked.requirement, evidence).verdict is Verdict.INVALID


def test_a_bound_above_what_the_policy_allows_can_be_kept():
    mesh = airport()
    asked = question("attempts", at_most(5), weather(mesh))
    evidence = on_edge(asked, OneEdge([call(3)] * 200), [1], mesh, "departures")
    assert judge(asked.requirement, evidence).verdict is Verdict.PASS


def test_success_on_an_edge_is_what_the_callers_application_got():
    mesh = airport()
    asked = question("success", at_least(0.9), weather(mesh))
    evidence = on_edge(asked, OneEdge([call(1)] * 8 + [call(3, status=503)] * 2), [1], mesh, "departures")
    assert (evidence.n, evidence.k) == (10, 8)


def test_attempts_without_an_edge_are_refused():
    with pytest.raises(UsageError, match="on an edge") as error:
        question("attempts", at_most(1.5))
    assert "on=edge" in error.value.hint
