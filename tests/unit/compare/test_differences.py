"""Intervals of a difference: they hold however a sample was ended, and tell what can be told."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge.differences import difference
from chaosmesh.judge.nights import Count


@pytest.mark.parametrize(
    ("a", "b"), [((100, 100), (100, 100)), ((70, 213), (180, 213)), ((0, 50), (50, 50)), ((5, 9), (2, 300))]
)
def test_the_interval_holds_what_was_seen_and_turns_with_its_sides(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    one, other = difference(Count(*a), Count(*b), 0.01), difference(Count(*b), Count(*a), 0.01)
    assert one.low <= one.estimate <= one.high
    assert one.low == pytest.approx(-other.high, abs=1e-6)


def test_a_loss_of_a_third_is_told() -> None:
    found = difference(Count(1100, 1101), Count(151, 213), 1e-4)
    assert found.down
    assert found.high < -0.1


def test_equal_shares_of_usual_cells_are_the_same_within_two_points() -> None:
    assert difference(Count(1106, 1106), Count(1090, 1090), 0.01 / 30).within(0.02)


def test_few_requests_tell_little() -> None:
    found = difference(Count(5, 5), Count(4, 5), 0.01)
    assert not found.down
    assert not found.within(0.3)


def test_looking_at_every_step_and_ending_when_it_pleases_makes_no_difference() -> None:
    """A peeker stops at the first interval that excludes 0: at most 5 % may find one."""
    luck = np.random.default_rng(7)
    found = 0
    for _ in range(40):
        a, b = (np.cumsum(luck.random(400) < 0.9) for _ in range(2))
        found += any(
            (one := difference(Count(int(a[n]), n + 1), Count(int(b[n]), n + 1), 0.05)).up or one.down
            for n in range(19, 400, 40)
        )
    assert found <= 4


def test_nothing_counted_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        difference(Count(0, 0), Count(1, 1), 0.01)
