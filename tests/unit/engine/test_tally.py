"""Counting in the order of sending: slow answers come last and must not be missed in the meantime."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.engine.tally import Tally
from chaosmesh.load import Record

MS = 1_000_000


def record(seq: int, status: int = 200, ms: int = 1) -> Record:
    return Record(seq, 0, 0, 0, ms * MS, status, 1, "" if status else "timed out")


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.n, tally.ok, tally.quick


def test_a_slow_answer_holds_back_the_quick_ones_after_it() -> None:
    tally = Tally(bound_ms=100)
    tally.add(record(seq) for seq in (0, 2, 3, 4))
    assert counts(tally) == (1, 1, 1)
    tally.add([record(1, ms=500)])
    assert counts(tally) == (5, 5, 4)


def test_the_share_is_never_flattered_by_answers_that_come_first() -> None:
    """Every tenth request takes long; counting what has come in would say 100 % for a whole second."""
    tally = Tally(bound_ms=100)
    answers = sorted((seq + (1000 if seq % 10 == 3 else 0), seq) for seq in range(300))
    for at, seq in answers:
        tally.add([record(seq, ms=at - seq + 1)])
        slow = sum(one % 10 == 3 for one in range(tally.n))
        assert tally.n - tally.quick == slow
    assert counts(tally) == (300, 300, 270)


def test_what_counts_as_ok_and_as_quick() -> None:
    tally = Tally(bound_ms=100)
    tally.add([record(0, 404), record(1, 499), record(2, 500), record(3, 503, ms=1), record(4, 0, ms=1)])
    assert counts(tally) == (5, 2, 4)
    assert tally.success.n == 5
    assert tally.success.k == 2
    assert tally.within.k == 4


def test_without_a_bound_nothing_is_quick() -> None:
    tally = Tally()
    tally.add([record(0)])
    assert counts(tally) == (1, 1, 0)


def test_quantiles_are_nearest_ranks_and_unanswered_is_infinite() -> None:
    tally = Tally(bound_ms=100)
    assert tally.quantile_ms(0.99) is None
    tally.add(record(seq, ms=seq + 1) for seq in range(100))
    assert (tally.quantile_ms(0.5), tally.quantile_ms(0.99), tally.quantile_ms(1.0)) == (50, 99, 100)
    tally.add(record(100 + seq, status=0) for seq in range(2))
    assert tally.quantile_ms(0.99) is None
    assert tally.quantile_ms(0.5) == 51


@given(st.lists(st.sampled_from([0, 200, 404, 500, 503]), max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_nothing_in_the_end(statuses: list[int], order: random.Random) -> None:
    records = [record(seq, status) for seq, status in enumerate(statuses)]
    shuffled = records.copy()
    order.shuffle(shuffled)
    straight, mixed = Tally(50), Tally(50)
    straight.add(records)
    for one in shuffled:
        mixed.add([one])
        assert mixed.n <= len(statuses)
    assert counts(straight) == counts(mixed)
    assert straight.latencies == mixed.latencies


def test_what_is_overdue_counts_as_slow_at_once_and_not_for_success() -> None:
    tally = Tally(bound_ms=100)
    tally.add(record(seq) for seq in range(10) if seq % 2)
    assert counts(tally) == (0, 0, 0)
    tally.overdue(8)
    assert (counts(tally), tally.judged) == ((0, 0, 4), 8)
    assert (tally.within.n, tally.success.n) == (8, 0)


def test_what_hung_is_shown_as_it_ends_once_all_is_decided() -> None:
    tally = Tally(bound_ms=100)
    tally.add(record(seq) for seq in range(10) if seq % 2)
    tally.overdue(10)
    tally.decide()
    assert (tally.n, tally.ok, tally.judged, tally.quick) == (10, 5, 10, 5)
    assert (tally.success.n, tally.quantile_ms(0.4), tally.quantile_ms(0.99)) == (0, 1, None)
    tally.add(record(seq, ms=2000) for seq in range(0, 10, 2))
    assert (tally.n, tally.ok, tally.quick) == (10, 10, 5)
    assert tally.quantile_ms(0.99) == 2000
    tally.add([record(11)])
    assert tally.n == 10


def test_errors_among_what_was_slow_count_where_success_is_open_still() -> None:
    tally = Tally(bound_ms=100)
    tally.add(record(seq) for seq in range(10) if seq % 2)
    tally.overdue(10)
    tally.decide(success=False)
    tally.add(record(seq, 504, ms=2000) for seq in range(0, 10, 2))
    assert (tally.success.n, tally.success.k, tally.within.n, tally.within.k) == (10, 5, 10, 5)
    tally.add([record(10)])
    tally.end()
    assert tally.success.n == 10


def test_a_request_that_was_counted_as_slow_is_not_counted_twice() -> None:
    tally = Tally(bound_ms=100)
    tally.overdue(3)
    tally.add(record(seq, ms=500) for seq in range(5))
    assert (counts(tally), tally.judged) == ((5, 5, 0), 5)
