"""What is counted for a claim, on ledgers that are written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chaosmesh import as_written, at_least, at_most, phase, request, weights
from chaosmesh.engine.experiment.evidence import Book, evidence_from, outcomes, sample_of, targets
from chaosmesh.engine.experiment.facts import Facts, Sent
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.luck import counted as counted_by
from chaosmesh.engine.experiment.names import Named, paths_named
from chaosmesh.engine.experiment.observed import observed
from chaosmesh.engine.experiment.plan import Plan
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.written import limited
from chaosmesh.errors import UsageError
from chaosmesh.faults import Reset
from chaosmesh.judge import Claim, Evidence, Verdict, judge, requirement
from chaosmesh.ledger import Ledger
from chaosmesh.load import Record, request_id
from tests.unit.experiment.airport import airport, call, weather
from tests.unit.experiment.noted import Noted

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


def went(server: str, *, spec: int = 0, seq: int = 0, flags: tuple[str, ...] = (), status: int = 200):
    one = call(1, server=server, status=status)
    return replace(one, flags=flags, request_id=request_id(1, seq), status=status)


def test_a_split_counts_first_attempts_by_target():
    asked = question("split", weights({"weather": 3, "archive": 1}), weather(airport()))
    calls = [went("weather")] * 30 + [went("archive")] * 10
    assert targets(asked, book(Written(calls=calls)), sample_of(asked)) == {"weather": 30, "archive": 10}


def test_as_written_means_the_widest_route_and_the_calls_that_it_took():
    mesh = airport()
    edge = Named("d → f", paths_named(mesh, "departures", "flights"))
    asked = limited(Question(requirement("split", as_written()), edge), mesh, "departures")
    route = mesh.service("flights.airport.local").routes[-1]
    total = sum(one.weight for one in route.targets)
    assert dict(asked.requirement.weights) == {one.workload: one.weight / total for one in route.targets}
    made = [went("flights-v1"), went("flights-v2")]
    calls = [
        replace(one, client="departures", service="flights.airport.local", route=name)
        for one, name in zip(made, (route.name, "crew"), strict=True)
    ]
    assert targets(asked, book(Written(calls=calls)), sample_of(asked)) == {"flights-v1": 1}


def test_a_call_that_a_breaker_stopped_is_overflow():
    asked = question("overflow", at_most(0.5), weather(airport()))
    calls = [went("weather")] * 6 + [went("weather", flags=("UO",), status=503)] * 4
    assert counted(asked, calls).k == 4


def test_a_fallback_is_what_answers_in_the_place_of_the_services_own():
    asked = replace(question("fallback", at_least(0.5), weather(airport())), spare=("archive",))
    calls = [went("weather")] * 6 + [went("archive")] * 3 + [went("archive", status=503)]
    assert (counted(asked, calls).n, counted(asked, calls).k) == (10, 3)


def test_a_cohort_is_sticky_where_all_calls_of_a_request_go_to_the_usual_target():
    asked = question("sticky", at_least(0.9), weather(airport()))
    servers = ["weather"] * 8 + ["archive"] * 2

    class Joined(Written):
        def requests(self, stream=None):
            found = super().requests(stream)
            return [
                replace(one, calls=(went(server),), missing=())
                for one, server in zip(found, servers, strict=True)
            ]

    evidence = found(asked, book(Joined([record(n) for n in range(10)])))
    assert (evidence.n, evidence.k) == (10, 8)


def test_under_a_fault_on_connections_blocks_are_counted():
    mesh, edge = airport(), weather(airport())
    fault = InForce("reset", edge, tuple(Reset(f"r{n}", one.pair, 1000) for n, one in enumerate(edge.paths)))
    plan = Plan("departures", (request("/"),), 200.0, "constant", 0)
    asked = counted_by(question("success", at_least(0.9)), mesh, plan, [fault])
    assert asked.counting.in_blocks
    ledger = Written([record(n, 503 if n % 50 < 5 else 200) for n in range(1000)])
    evidence = found(asked, book(ledger, ended=True))
    assert evidence.n < 1000
    assert evidence.block == asked.counting.size
    alone = counted_by(question("success", at_least(0.9)), mesh, plan, [])
    assert not alone.counting.in_blocks


def test_a_claim_about_a_phase_counts_by_the_faults_of_that_phase():
    mesh, edge = airport(), weather(airport())
    fault = Noted("reset", [])
    fault.in_force = InForce(
        "reset", edge, tuple(Reset(f"r{n}", one.pair, 1000) for n, one in enumerate(edge.paths))
    )
    phases = (phase("baseline", "1s"), phase("fault", "1s", fault))
    plan = Plan("departures", (request("/"),), 200.0, "constant", 0, phases=phases)
    for during, blocks in (("baseline", False), ("fault", True), (None, True)):
        asked = counted_by(question("success", at_least(0.9, during=during)), mesh, plan, [])
        assert asked.counting.in_blocks == blocks, during
