"""How long checks take, from who disturbs whom."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chaosmesh.engine.outlook import checks_take, in_turn


@dataclass(frozen=True)
class Lasting:
    """As much of a check as its time and its turn need."""

    seconds: float
    alone: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()
    turn: int = 5


A, B = frozenset("a"), frozenset("b")


@pytest.mark.parametrize(
    ("checks", "seconds"),
    [
        ([], 0),
        ([Lasting(2, shares=A), Lasting(3, shares=A)], 3),
        ([Lasting(2, alone=A), Lasting(3, alone=A)], 5),
        ([Lasting(2, alone=A), Lasting(3, alone=B)], 3),
        ([Lasting(2, alone=A), Lasting(3, shares=A), Lasting(1, shares=A), Lasting(1, alone=A)], 6),
    ],
)
def test_those_that_disturb_each_other_follow_each_other(checks, seconds):
    assert checks_take(checks) == seconds


def test_what_needs_its_place_alone_comes_first_in_a_turn_and_the_long_before_the_short():
    short, long, alone, early = Lasting(1), Lasting(4), Lasting(2, alone=A), Lasting(1, turn=1)
    assert in_turn([short, long, alone, early]) == [early, alone, long, short]
