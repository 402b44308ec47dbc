"""When requests are due while the number of users changes: exact counts, whoever shares the work."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chaosmesh.load.pace import Pace

S = 1_000_000_000


def due_until(pace: Pace, end_ns: int) -> list[int]:
    """What is due before or at an end, from the first request on."""
    found = []
    pace.advance()
    while (due := pace.due_ns()) is not None and due <= end_ns:
        found.append(due)
        pace.advance()
    return found


def test_a_steady_rate_is_even_and_exact() -> None:
    pace = Pace()
    pace.change(0, 8)
    assert due_until(pace, 10 * S) == [number * S // 8 for number in range(1, 81)]


def test_nothing_is_due_without_users() -> None:
    pace = Pace()
    pace.advance()
    assert pace.due_ns() is None
    pace.change(3 * S, 2)
    assert pace.due_ns() == 3 * S + S // 2
    pace.change(3 * S + S // 4, 0)
    assert pace.due_ns() is None
    pace.change(9 * S, 1)  # half a request was waited for already
    assert pace.due_ns() == 9 * S + S // 2


def test_a_ramp_by_steps_counts_every_user_second_once() -> None:
    pace = Pace()
    for second in range(10):
        pace.change(second * S, second + 1)
    pace.change(10 * S, 0)
    assert len(due_until(pace, 20 * S)) == 55


def test_who_is_late_still_gets_the_moments_of_the_old_rate() -> None:
    pace = Pace()
    pace.change(0, 4)
    pace.change(S, 100)
    pace.change(S + S // 10, 0)
    late = due_until(pace, 5 * S)
    assert late[:4] == [S // 4, S // 2, 3 * S // 4, S]
    assert len(late) == 14
    assert late[4] == S + S // 100


def test_a_change_can_not_come_before_the_last_one() -> None:
    pace = Pace()
    pace.change(S, 10)
    pace.change(0, 20)
    assert due_until(pace, 2 * S)[0] == S + S // 20


changes = st.lists(
    st.tuples(st.integers(1, 5 * S), st.integers(0, 400).map(lambda n: n / 4)), min_size=1, max_size=12
)


@given(changes, st.integers(1, 6))
def test_the_parts_of_equal_workers_add_up_to_the_whole(steps: list[tuple[int, float]], workers: int) -> None:
    def sent(index: int, of: int) -> int:
        pace, at = Pace(index, of), 0
        for length, rate in [*steps, (1, 0.0)]:
            pace.change(at, rate * workers / of)
            at += length
        return len(due_until(pace, at))

    # Only whole millionths: a third of a request a second is none.
    assert sum(sent(index, workers) for index in range(workers)) == sent(0, 1)


@given(changes)
def test_the_count_is_the_area_under_the_rate(steps: list[tuple[int, float]]) -> None:
    pace, at, area = Pace(), 0, Fraction(0)
    for length, rate in steps:
        pace.change(at, rate)
        at += length
        area += Fraction(rate) * Fraction(length, S)
    pace.change(at, 0.0)
    found = due_until(pace, at)
    assert len(found) == int(area)
    assert found == sorted(found)
