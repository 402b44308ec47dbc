"""Looks at growing evidence: seldom enough to be cheap, often enough to end soon."""

from __future__ import annotations

from chaosmesh.engine.growth import Growth


def test_a_look_is_due_after_a_tenth_more_and_not_before_the_first() -> None:
    growth = Growth(200)
    assert [n for n in range(0, 300, 10) if growth.due(n)] == [200, 230, 260, 290]


def test_a_few_more_are_asked_for_at_least() -> None:
    growth = Growth(least=20)
    assert [n for n in range(60) if growth.due(n)] == [0, 20, 40]


def test_ten_times_as_much_costs_few_looks() -> None:
    growth = Growth(200)
    assert sum(growth.due(n) for n in range(20_000)) < 60
