"""Ejection and return of a replica, from attempts by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from chaosmesh.ledger import Absence, Attempt, Call
from chaosmesh.ledger.queries import absences, ejected_ms, returned_ms

from .handmade import MS, T0
from .test_queries_retries import one_call

CALLER = ("front", 0)


def calls(replicas: Iterable[int], *, every_ms: int = 10, at_ms: int = 0, caller: int = 0) -> list[Call]:
    """A call each 10 ms, its one attempt at these replicas of "color"."""
    found = []
    for n, replica in enumerate(replicas):
        start = T0 + (at_ms + n * every_ms) * MS
        made = one_call(Attempt(1, "color", replica, start, 1.0, 200))
        found.append(replace(made, start_ns=start, replica=caller))
    return found


def turns(count: int) -> list[int]:
    return [n % 2 for n in range(count)]


def test_a_replica_in_its_turn_is_never_absent():
    assert absences(calls(turns(200)), "color", 1) == []
    assert ejected_ms(calls(turns(200)), "color", 1, T0) is None
    assert returned_ms(calls(turns(200)), "color", 1, T0) is None


def test_ejection_and_return_are_the_attempts_around_the_gap():
    made = calls([*turns(20), *[0] * 60, *turns(20)])
    assert absences(made, "color", 1) == [Absence(CALLER, T0 + 190 * MS, T0 + 810 * MS, 61)]
    assert ejected_ms(made, "color", 1, T0 + 100 * MS) == 90.0
    assert returned_ms(made, "color", 1, T0 + 500 * MS) == 310.0


def test_who_does_not_come_back_has_not_returned():
    made = calls([*turns(20), *[0] * 60])
    assert absences(made, "color", 1)[0].first_ns is None
    assert ejected_ms(made, "color", 1, T0) == 190.0
    assert returned_ms(made, "color", 1, T0 + 400 * MS) is None


def test_an_ejection_before_the_fault_is_not_the_faults():
    made = calls([*turns(20), *[0] * 60, *turns(20), *[0] * 60, *turns(20)])
    assert ejected_ms(made, "color", 1, T0 + 900 * MS) == 90.0


def test_a_replica_that_is_out_already_is_out_at_once():
    made = calls([*turns(20), *[0] * 60, *turns(20)])
    assert ejected_ms(made, "color", 1, T0 + 400 * MS) == 0.0


def test_a_single_replica_can_not_be_told_to_be_left_out():
    assert absences(calls([1] * 5) + calls([1] * 5, at_ms=5000), "color", 1) == []


def test_chance_makes_no_absence_in_a_random_rotation():
    found = 0
    for seed in range(40):
        rng = random.Random(seed)
        found += len(absences(calls(rng.choices([0, 1, 2], k=1000)), "color", 1))
    assert found == 0


def test_each_calling_sidecar_ejects_for_itself_and_the_slowest_counts():
    first = calls([*turns(20), *[0] * 60, *turns(20)])
    second = calls([*turns(40), *[0] * 60, *turns(20)], at_ms=1, caller=1)
    assert ejected_ms([*first, *second], "color", 1, T0) == 391.0
    assert returned_ms([*first, *second], "color", 1, T0 + 500 * MS) == 511.0
    assert ejected_ms([*first, *calls(turns(100), at_ms=1, caller=1)], "color", 1, T0) is None
