"""Claims with a margin against Wald's sequential test and the fixed-n test."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from chaosmesh.judge import MeanTest, planned_n
from tests.unit.judge_paths import fate


def average_sample_number(p0: float, p1: float, alpha: float, truth: float) -> float:
    """Wald (1947) for α = β, at one of the two hypotheses."""
    step = truth * math.log(p1 / p0) + (1 - truth) * math.log((1 - p1) / (1 - p0))
    end = (1 - 2 * alpha) * math.log((1 - alpha) / alpha)
    return abs(end / step)


def fixed_n(p0: float, p1: float, alpha: float) -> float:
    """Size of the one-sided test of p0 against p1 with both errors α, by the normal approximation."""
    z = NormalDist().inv_cdf(1 - alpha)
    return (z * (math.sqrt(p0 * (1 - p0)) + math.sqrt(p1 * (1 - p1))) / (p1 - p0)) ** 2


@pytest.mark.parametrize(
    ("p0", "p1", "at_p0", "at_p1", "fixed"), [(0.01, 0.02, 1444, 1151, 3104), (0.05, 0.10, 270, 218, 581)]
)
def test_published_figures(p0: float, p1: float, at_p0: int, at_p1: int, fixed: int):
    assert average_sample_number(p0, p1, 0.01, p0) == pytest.approx(at_p0, abs=1)
    assert average_sample_number(p0, p1, 0.01, p1) == pytest.approx(at_p1, abs=1)
    assert fixed_n(p0, p1, 0.01) == pytest.approx(fixed, rel=0.01)


@pytest.mark.parametrize(
    ("p0", "p1", "alpha"), [(0.01, 0.02, 0.01), (0.05, 0.1, 0.01), (0.01, 0.02, 1e-4), (0.3, 0.4, 1e-4)]
)
def test_at_its_two_sides_a_margin_costs_what_wald_says(p0: float, p1: float, alpha: float):
    """At most 1.2 times Wald's mean, and both errors within α although Wald's own limits overshoot."""
    test = MeanTest("at_least", 1 - p0, alpha, margin=p1 - p0)
    for truth in (p0, p1):
        wald = average_sample_number(p0, p1, alpha, truth)
        ends = fate(test, 1 - truth, int(6 * wald))
        assert ends.mean_n <= 1.2 * wald
        assert (ends.failed if truth == p0 else ends.passed) <= alpha
        assert ends.undecided < 1e-3


@pytest.mark.parametrize("failing", [0.0, 0.005, 0.03, 0.05])
def test_clear_cases_take_at_most_half_of_the_fixed_test(failing: float):
    test = MeanTest("at_least", 0.99, 0.01, margin=0.01)
    ends = fate(test, 1 - failing, 4000)
    assert ends.mean_n <= 0.5 * fixed_n(0.01, 0.02, 0.01)
    assert (ends.passed if failing < 0.01 else ends.failed) > 0.999


def test_between_the_two_sides_either_answer_comes_but_one_comes():
    ends = fate(MeanTest("at_least", 0.99, 0.01, margin=0.01), 0.985, 20_000)
    assert ends.undecided < 0.01
    assert ends.passed > 0.2
    assert ends.failed > 0.2


def test_a_margin_lets_all_be_claimed():
    """ "All succeed" can't be proved, "all, but for a margin" can; the first failure then speaks against it."""
    test = MeanTest("at_least", 1.0, 1e-4, margin=0.01)
    assert test.verdict([(0.0, 0.0), (1.0, 1000.0)]).value == "pass"
    assert test.verdict([(0.0, 1.0), (1.0, 100.0)]).value == "fail"
    assert planned_n(1.0, 1.0, margin=0.01) == pytest.approx(950, rel=0.05)
