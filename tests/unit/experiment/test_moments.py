"""Samples, phases and moments, on ledgers that are written down."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Literal

from chaosmesh import around, at_least, at_most, baseline, control
from chaosmesh.engine.experiment.evidence import Book
from chaosmesh.engine.experiment.evidence.moments import occurrences
from chaosmesh.engine.experiment.facts import SETTLING_NS, Facts, Sent, Span, Struck
from chaosmesh.engine.experiment.in_force import Met
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.experiment.witness import spans_of
from chaosmesh.judge import Claim, Verdict, requirement
from chaosmesh.ledger import Attempt, FaultEvent, Ledger
from chaosmesh.load import Record, request_id
from tests.unit.experiment.airport import WEATHER_SERVICE, call
from tests.unit.experiment.test_evidence import Written

Phase = Literal["applied", "healed"]
S = 1_000_000_000
MS = 1_000_000
STEP = 10 * MS  # a request every 10 ms
EDGE = Named("flights-v1 → weather", (Path("flights-v1", WEATHER_SERVICE),))
REPLICA = Named("weather.1", (Path("flights-v1", WEATHER_SERVICE, "weather", 1),))


def record(seq: int, status: int = 200, spec: int = 0, ms: float = 5.0) -> Record:
    at = seq * STEP
    return Record(seq, spec, at, at, at + round(ms * MS), status, 0)


def struck(begin: float, end: float | None, hit: int = 10) -> Struck:
    span = Span("f", round(begin * S), None if end is None else round(end * S))
    return Struck("f", (span,), Met("f", 100, hit, 1.0))


def facts(*asked: Question, phases: tuple[Span, ...] = (), faults: tuple[Struck, ...] = (), **more) -> Facts:
    return Facts(1e-4, "departures", asked, (Sent(1, True, phases),), faults, names=("a", "b"), **more)


def asked(name: str, claim: Claim, edge: Named | None = None) -> Question:
    return Question(requirement(name, claim), edge).plain


def judged(whole: Facts, ledger: Written):
    verdict, reason, claims = decide(whole, ledger)
    return verdict, reason, claims[0].decision


def span(name: str, begin: float, end: float | None) -> Span:
    return Span(name, round(begin * S), None if end is None else round(end * S))


THREE = (span("baseline", 0, 2), span("fault", 2, 4), span("recovery", 4, 6))


def test_a_phase_counts_what_was_meant_to_be_sent_in_it_but_for_its_last_moment():
    ledger = Written([record(n, 503 if 200 <= n < 400 else 200) for n in range(600)])
    left_out = SETTLING_NS // STEP
    for name, good in (("baseline", 1.0), ("fault", 0.0), ("recovery", 1.0)):
        one = facts(asked("success", at_least(0.9, during=name)), phases=THREE)
        decision = judged(one, ledger)[2]
        last = name == "recovery"
        assert (decision.n, decision.observed) == (200 if last else 200 - left_out, good), name


def test_a_claim_of_a_request_counts_that_kind_alone():
    ledger = Written([record(n, 503 if n % 2 else 200, spec=n % 2) for n in range(600)])
    assert judged(facts(asked("success", at_least(0.9, of="a"))), ledger)[2].observed == 1.0
    assert judged(facts(asked("success", at_most(0.1, of="b"))), ledger)[2].observed == 0.0


def test_a_bound_from_the_baseline_is_held_against_the_other_phase():
    ledger = Written([record(n, 503 if 200 <= n < 400 and n % 2 else 200) for n in range(600)])
    one = facts(asked("success", at_least(baseline(minus=0.1), during="fault")), phases=THREE)
    assert judged(one, ledger)[0] is Verdict.FAIL
    one = facts(asked("success", at_least(baseline(minus=0.1), during="recovery")), phases=THREE)
    assert judged(one, ledger)[0] is Verdict.PASS


def test_a_latency_is_compared_with_the_controls_in_seconds():
    ledger = Written([record(n, spec=n % 2, ms=8.0 if n % 2 == 0 else 5.0) for n in range(4000)])
    fast = facts(asked("p90", at_most(control(times=2.0))), control=(1,))
    assert judged(fast, ledger)[0] is Verdict.PASS
    slow = facts(asked("p90", at_most(control(times=1.1))), control=(1,))
    assert judged(slow, ledger)[0] is Verdict.FAIL


def test_the_control_cohort_counts_for_no_claim_but_as_what_others_are_held_against():
    ledger = Written([record(n, 200 if n % 2 else 503, spec=n % 2) for n in range(600)])
    alone = facts(asked("success", at_most(0.1)), control=(1,))
    assert judged(alone, ledger)[2].observed == 0.0
    paired = facts(asked("success", at_least(control(minus=0.1))), control=(1,))
    assert judged(paired, ledger)[0] is Verdict.FAIL


def test_recovery_is_from_the_healing_to_the_last_request_before_users_were_well():
    ledger = Requests([record(n, 503 if 200 <= n < 430 else 200) for n in range(600)])
    whole = facts(asked("recovery", at_most("500ms")), phases=THREE, faults=(struck(2, 4),))
    verdict, _, decision = judged(whole, ledger)
    assert (verdict, round(decision.observed, 2)) == (Verdict.PASS, 0.29)
    assert judged(replace(whole, questions=(asked("recovery", at_most("200ms")),)), ledger)[0] is Verdict.FAIL


def test_each_healing_is_a_recovery_of_its_own_and_the_worst_counts():
    bad = [*range(100, 200), *range(300, 440)]
    ledger = Requests([record(n, 503 if n in bad else 200) for n in range(600)])
    whole = facts(asked("recovery", at_most("300ms")), faults=(struck(1, 2), struck(3, 4)))
    verdict, _, decision = judged(whole, ledger)
    assert (verdict, decision.n, round(decision.observed, 2)) == (Verdict.FAIL, 2, 0.39)


def test_what_the_next_fault_does_while_it_comes_is_no_recovery_that_lasts():
    """It is in force from 3 s on, everywhere; somewhere it is from 2.6 s on."""
    ledger = Requests([record(n, 503 if 100 <= n < 200 or 265 <= n < 400 else 200) for n in range(500)])
    first, second = struck(1, 2), struck(3, 4)
    slow = replace(second, spans=(replace(second.spans[0], coming_ns=round(2.6 * S)),))
    whole = facts(asked("recovery", at_most("300ms")), faults=(first, slow))
    verdict, _, decision = judged(whole, ledger)
    assert (verdict, decision.n) == (Verdict.PASS, 2)
    assert judged(replace(whole, faults=(first, second)), ledger)[0] is Verdict.FAIL


def test_a_fault_that_comes_in_parts_begins_to_come_with_the_first_of_them():
    def event(phase: Phase, at: int, fault: str, begun: int = 0) -> FaultEvent:
        return FaultEvent(fault, phase, at, "errors", "flights-v1>weather", begun_ns=begun)

    ledger = Ledger()
    for one in (event("applied", 20, "a", 10), event("applied", 40, "b", 30), event("healed", 60, "a")):
        ledger.add_fault(one)
    context = SimpleNamespace(faults=(SimpleNamespace(id="a"), SimpleNamespace(id="b")))
    (span,) = spans_of(context, ledger)  # type: ignore[arg-type]
    assert (span.begin_ns, span.end_ns, span.first_ns) == (40, 60, 10)


def test_users_who_never_are_well_again_fail_once_it_was_watched_for_long_enough():
    ledger = Requests([record(n, 503 if n >= 200 else 200) for n in range(600)])
    whole = facts(asked("recovery", at_most("1s")), faults=(struck(2, 4),))
    assert judged(whole, ledger)[0] is Verdict.FAIL
    longer = replace(whole, questions=(asked("recovery", at_most("3s")),))
    verdict, reason, _ = judged(longer, ledger)
    assert verdict is Verdict.INCONCLUSIVE
    assert "watched for longer" in reason


def test_a_recovery_without_a_healing_says_nothing():
    ledger = Requests([record(n) for n in range(600)])
    verdict, reason, _ = judged(facts(asked("recovery", at_most("1s")), faults=(struck(2, None),)), ledger)
    assert verdict is Verdict.INVALID
    assert "nothing was healed" in reason


def test_a_replica_is_ejected_when_its_last_attempt_came_and_returns_with_its_first():
    gone = range(230, 460)
    calls = [to(n, 0 if n in gone else n % 2) for n in range(600)]
    ledger = Written([record(n) for n in range(600)], calls)
    fault = (struck(2, 4),)
    verdict, _, decision = judged(facts(asked("ejected", at_most("1s"), REPLICA), faults=fault), ledger)
    assert (verdict, round(decision.observed, 2)) == (Verdict.PASS, 0.29)
    verdict, _, decision = judged(facts(asked("returned", at_most("1s"), REPLICA), faults=fault), ledger)
    assert (verdict, round(decision.observed, 2)) == (Verdict.PASS, 0.61)


def test_a_replica_that_is_never_left_out_is_not_ejected_and_cannot_return():
    calls = [to(n, n % 2) for n in range(600)]
    ledger = Written([record(n) for n in range(600)], calls)
    fault = (struck(2, 4),)
    assert judged(facts(asked("ejected", at_most("1s"), REPLICA), faults=fault), ledger)[0] is Verdict.FAIL
    verdict, reason, _ = judged(facts(asked("returned", at_most("1s"), REPLICA), faults=fault), ledger)
    assert verdict is Verdict.INVALID
    assert "never left out" in reason


def test_a_replica_that_was_left_out_before_the_load_began_was_not_seen_to_be_ejected():
    ledger = Written([record(n) for n in range(600)], [to(n, 0) for n in range(600)])
    whole = facts(asked("ejected", at_most("1s"), REPLICA), faults=(struck(-1, None),))
    verdict, reason, _ = judged(whole, ledger)
    assert verdict is Verdict.INVALID
    assert "got no attempt at all" in reason


def test_a_shift_is_over_with_the_last_call_that_met_the_old_policy():
    calls = [replace(to(n, 0), route="r", route_hash="old" if n < 330 else "new") for n in range(600)]
    ledger = Written([record(n) for n in range(600)], calls)
    policies = (span("shifted", 3, None),)
    verdict, _, decision = judged(facts(asked("shift", at_most("1s"), EDGE), policies=policies), ledger)
    assert (verdict, round(decision.observed, 2)) == (Verdict.PASS, 0.29)
    verdict, reason, _ = judged(facts(asked("shift", at_most("1s"), EDGE)), ledger)
    assert verdict is Verdict.INVALID
    assert "no policy came into force" in reason


def test_calls_that_meet_the_next_policy_while_it_is_put_in_force_are_no_strays_of_the_one_before():
    """From 3 s on "new" is in force; from 5 s "back" is put in its place, which it is at 5.5 s."""

    def met(n: int) -> str:
        return "old" if n < 310 else "new" if n < 520 else "back"

    calls = [replace(to(n, 0), route="r", route_hash=met(n)) for n in range(800)]
    ledger = Written([record(n) for n in range(800)], calls)
    policies = (span("new", 3, 5), span("back", 5.5, None))
    verdict, _, decision = judged(facts(asked("shift", at_most("500ms"), EDGE), policies=policies), ledger)
    assert (verdict, decision.n, round(decision.observed, 2)) == (Verdict.PASS, 2, 0.09)


def test_faults_that_overlap_are_one_occurrence():
    spans = [span("a", 1, 3), span("b", 2, 4), span("c", 6, None)]
    assert [(one.begin_ns // S, one.end_ns and one.end_ns // S) for one in occurrences(spans)] == [
        (1, 4),
        (6, None),
    ]


def test_a_gap_between_attempts_is_one_outcome_and_none_at_all_says_nothing():
    spaced = [tried(n, 2, gap_ms=20.0) for n in range(400)]
    ledger = Written([record(n) for n in range(400)], spaced)
    assert judged(facts(asked("spacing", at_least("10ms", margin=0.05), EDGE)), ledger)[0] is Verdict.PASS
    assert judged(facts(asked("spacing", at_least("30ms"), EDGE)), ledger)[0] is Verdict.FAIL
    once = Written([record(n) for n in range(400)], [to(n, 0) for n in range(400)])
    verdict, reason, _ = judged(facts(asked("spacing", at_least("10ms", margin=0.05), EDGE)), once)
    assert verdict is Verdict.INVALID
    assert "no call was tried again" in reason


def test_a_cut_off_is_of_calls_or_of_attempts_as_the_policy_says():
    cut = [
        replace(
            to(n, 0),
            attempts=(
                Attempt(1, "weather", 0, n * STEP, 250.0, 504, ("UT",), "per_try_timeout"),
                *to(n, 1).attempts,
            ),
        )
        for n in range(500)
    ]
    ledger = Written([record(n) for n in range(500)], cut)
    asking = asked("cutoff", around("250ms", "50ms", margin=0.05), EDGE)
    assert judged(facts(replace(asking, cut="attempt")), ledger)[0] is Verdict.PASS
    verdict, reason, _ = judged(facts(replace(asking, cut="call")), ledger)
    assert verdict is Verdict.INVALID
    assert "no timeout ended anything" in reason


def test_no_calls_on_an_edge_is_said_with_the_phase():
    whole = facts(asked("success", at_least(0.9, during="fault"), EDGE), phases=THREE)
    verdict, reason, _ = judged(whole, Written([record(n) for n in range(600)]))
    assert verdict is Verdict.INVALID
    assert "no call was made on the edge during fault" in reason


def to(seq: int, replica: int):
    """The call of a request, with one attempt that goes to a replica."""
    at = seq * STEP
    one = Attempt(1, "weather", replica, at, 1.0, 200, matched=True)
    return replace(call(1), request_id=request_id(1, seq), start_ns=at, attempts=(one,), replica=0)


def tried(seq: int, times: int, gap_ms: float):
    at = seq * STEP
    attempts = tuple(
        Attempt(n + 1, "weather", 0, at + round(n * (1 + gap_ms) * MS), 1.0, 503, matched=True)
        for n in range(times)
    )
    return replace(to(seq, 0), attempts=attempts)


class Requests(Written):
    """A ledger whose requests made no calls."""

    def requests(self, stream=None):
        return [replace(one, missing=()) for one in super().requests(stream)]


def test_a_book_gives_the_same_however_often_it_is_read():
    ledger = Written([record(n) for n in reversed(range(50))])
    book = Book(ledger, facts())
    assert book.records() == book.records()
    assert [one.seq for one in book.records()] == list(range(50))
