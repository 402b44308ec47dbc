"""Closed forms against each other, published figures and a simulation."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge.oracle import Hop, attempts, attempts_distribution, predict, success, worst_case


def test_two_retries_against_thirty_percent():
    assert success(0.3, 2) == pytest.approx(0.973)
    assert attempts(0.3, 2) == pytest.approx(1.390)
    assert success(1.0, 3) == 0
    assert attempts(1.0, 3) == 4
    assert (success(0.0, 3), attempts(0.0, 3)) == (1, 1)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_the_distribution_has_the_mean(share: float, retries: int):
    law = attempts_distribution(share, retries)
    assert sum(law.values()) == pytest.approx(1)
    assert sum(number * chance for number, chance in law.items()) == pytest.approx(attempts(share, retries))
    assert max(law) == retries + 1


def test_nested_retries_multiply():
    """Three hops with three retries each, everything down: 4, 16, 64 attempts a request."""
    leaf = Hop("c>d", share=1.0, retries=3)
    entry = Hop("a>b", retries=3, calls=(Hop("b>c", retries=3, calls=(leaf,)),))
    assert [one.attempts_per_request for one in predict(entry)] == [4, 16, 64]
    assert worst_case(entry) == {"a>b": 4, "b>c": 16, "c>d": 64}
    assert (
        worst_case(Hop("x", retries=2, calls=(Hop("y", retries=2, calls=()), Hop("y", retries=0))))["y"] == 12
    )


def simulate(hop: Hop, draw: np.random.Generator, seen: dict[str, int]) -> bool:
    for _ in range(hop.retries + 1):
        seen[hop.edge] = seen.get(hop.edge, 0) + 1
        if draw.random() >= hop.share:
            below = [
                simulate(one, draw, seen) for one in hop.calls
            ]  # all are called, whatever the first says
            if all(below):
                return True
    return False


def test_a_tree_agrees_with_a_simulation():
    entry = Hop(
        "a>b",
        share=0.1,
        retries=1,
        calls=(
            Hop("b>c", share=0.3, retries=2, calls=(Hop("c>d", share=0.2),)),
            Hop("b>e", share=0.4, retries=1),
        ),
    )
    draw, runs, seen = np.random.default_rng(11), 20_000, {}
    fine = sum(simulate(entry, draw, seen) for _ in range(runs))
    predicted = {one.edge: one for one in predict(entry)}
    assert fine / runs == pytest.approx(predicted["a>b"].success, abs=0.015)
    for edge, one in predicted.items():
        assert seen[edge] / runs == pytest.approx(one.attempts_per_request, rel=0.03)
        assert one.attempts_per_request == pytest.approx(one.calls_per_request * one.attempts)
