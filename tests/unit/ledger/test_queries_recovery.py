"""When users were well again: requests by hand, and drawn with a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable

from chaosmesh.ledger import Ledger, Recovery, Share
from chaosmesh.load import Record

from .handmade import MS, T0

EVERY_MS = 5


def book(flags: Iterable[bool], *, slow: bool = False) -> Ledger:
    """A request each 5 ms from T0 on; True: it failed (or, if `slow`, took 300 ms)."""
    one = Ledger()
    for seq, bad in enumerate(flags):
        at = T0 + seq * EVERY_MS * MS
        status = 503 if bad and not slow else 200
        one.add_records(1, [Record(seq, 0, at, at, at + (300 if bad and slow else 3) * MS, status, 1)])
    return one


def test_users_who_were_never_bad_are_well_at_once():
    assert book([False] * 40).recovery(T0, 1) == Recovery(0.0, 40, 0, 40, 0, 0.0)


def test_without_a_background_it_is_the_last_bad_request():
    flags = [True] * 10 + [False] * 5 + [True] + [False] * 60
    found = book(flags).recovery(T0, 1)
    assert (found.ms, found.requests, found.bad, found.after) == (75.0, 76, 11, 60)


def test_what_was_intended_before_the_heal_does_not_count():
    flags = [True] * 10 + [False] * 40
    assert book(flags).recovery(T0 + 10 * EVERY_MS * MS, 1).ms == 0.0
    assert book(flags).recovery(T0 + 8 * EVERY_MS * MS, 1).ms == 5.0


def test_slow_answers_are_bad_where_a_bound_is_given():
    flags = [True] * 4 + [False] * 40
    assert book(flags, slow=True).recovery(T0, 1).ms == 0.0
    assert book(flags, slow=True).recovery(T0, 1, slow_ms=100).ms == 15.0


def test_too_few_requests_after_say_nothing():
    found = book([True] * 10 + [False] * 29).recovery(T0, 1)
    assert (found.ms, found.after) == (None, 29)
    assert Ledger().recovery(T0, 1).ms is None
    assert book([True] * 10 + [False] * 40).recovery(T0, 1, until_ns=T0 + 150 * MS).ms is None


def test_who_never_gets_well_has_not_recovered():
    assert book([True, False] * 100).recovery(T0, 1).ms is None


def test_a_stray_failure_long_after_is_background_and_not_the_fault():
    flags = [True] * 40 + [False] * 400 + [True] + [False] * 100
    strict = book(flags).recovery(T0, 1)
    usual = book(flags).recovery(T0, 1, background=Share(400, 400))
    assert strict.ms == 440 * EVERY_MS
    assert (usual.ms, usual.bad_after) == (39 * EVERY_MS, 1)
    assert 0 < usual.line < 0.1


def test_a_second_outage_is_not_background():
    flags = [True] * 40 + [False] * 300 + [True] * 20 + [False] * 100
    assert book(flags).recovery(T0, 1, background=Share(400, 396)).ms == 359 * EVERY_MS


def test_the_moment_is_found_in_the_noise_of_its_own_baseline():
    late = []
    for seed in range(50):
        rng = random.Random(seed)
        flags = [rng.random() < 0.6 for _ in range(100)] + [rng.random() < 0.01 for _ in range(900)]
        found = book(flags).recovery(T0, 1, background=Share(600, 594))
        assert found.ms is not None
        late.append(abs(found.ms - 100 * EVERY_MS))
    late.sort()
    assert late[25] <= 3 * EVERY_MS
    assert late[47] <= 40 * EVERY_MS


def test_a_background_that_is_bad_itself_still_leaves_room_above_it():
    flags = [True] * 40 + [False, True] * 100 + [False] * 40
    found = book(flags).recovery(T0, 1, background=Share(100, 50))
    assert found.ms is not None
    assert found.ms <= 45 * EVERY_MS
