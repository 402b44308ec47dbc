"""Stability from a ledger: when the cause was there, and what the server could do meanwhile."""

from __future__ import annotations

from chaosmesh.engine.stability import Capacity, Cause, capacity_over_time, cause_of, stability_of
from chaosmesh.ledger import FaultEvent, Ledger
from chaosmesh.load import Record

S = 1_000_000_000


def event(phase: str, at: float, target: str = ">db", **attributes: float) -> FaultEvent:
    return FaultEvent("f", phase, round(at * S), "overload", target, attributes)  # type: ignore[arg-type]


def ledger(well_from: float, *events: FaultEvent) -> Ledger:
    """Fifty requests a second for ten seconds; those of the first second and those from a time on are answered well."""
    made = Ledger()
    records = [
        Record(n, 0, n * S // 50, n * S // 50, n * S // 50, 200 if n < 50 or n / 50 >= well_from else 504, 1)
        for n in range(500)
    ]
    made.add_records(1, records)
    for one in events:
        made.add_fault(one)
    return made


def test_the_cause_is_from_the_first_fault_to_the_last_healing_of_this_run() -> None:
    found = ledger(0, event("applied", 2), event("healed", 3), event("applied", 99), event("healed", 100))
    assert cause_of(found, [1]) == Cause(2 * S, 3 * S)
    assert cause_of(ledger(0), [1]) is None
    assert cause_of(ledger(0, event("applied", 2)), [1]) is None
    assert cause_of(found, [7]) is None


def test_a_cut_of_the_capacity_and_its_end() -> None:
    events = (event("applied", 2, capacity=10.0), event("healed", 3, capacity=10.0))
    assert capacity_over_time("db", Capacity(100), events, S) == ((float("-inf"), 100), (1, 10), (2, 100))
    assert capacity_over_time("db", Capacity(100, 3), events, S)[1:] == ((1, 30), (2, 300))
    assert capacity_over_time("other", Capacity(100), events, 0)[1:] == ((2, 100), (3, 100))


def test_a_cut_of_one_replica() -> None:
    told = event("applied", 2, capacity=10.0, replica=1), event("applied", 2, "db.0", capacity=20.0)
    assert [total for _, total in capacity_over_time("db", Capacity(100, 2), told[:1], 0)] == [200, 110]
    assert [total for _, total in capacity_over_time("db", Capacity(100, 2), told[1:], 0)] == [200, 120]


def test_users_who_are_well_again_have_recovered() -> None:
    found = stability_of(ledger(4.0), [1], {"db": Capacity(100)}, Cause(S, 3 * S))
    assert found is not None
    assert (found.kind, found.recovered_s) == ("recovered", 1.0)


def test_without_a_limited_server_nobody_is_called_stuck() -> None:
    found = stability_of(ledger(99), [1], {}, Cause(S, 3 * S))
    assert found is not None
    assert found.kind == "unclear"


def test_a_run_that_ended_before_healing_says_nothing() -> None:
    assert stability_of(ledger(0), [1], {}, Cause(S, 30 * S)) is None
    assert stability_of(ledger(0), [2], {}, Cause(S, 3 * S)) is None
