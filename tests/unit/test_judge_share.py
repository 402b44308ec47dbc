"""The share test: exact error rates at the bound, length, plan, interval, recomputation."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosmesh.judge import (
    Evidence,
    MeanTest,
    Verdict,
    at_least,
    at_most,
    interval,
    judge,
    planned_n,
    requirement,
)
from chaosmesh.judge.ladder import STAKES, WEIGHTS
from tests.unit.judge_paths import Fate, divergence, fate

ALPHA = 1e-4


@pytest.mark.parametrize("alpha", [1e-4, 0.01, 0.05])
@pytest.mark.parametrize("bound", [0.5, 0.95, 0.99])
def test_at_the_bound_each_wrong_verdict_stays_within_alpha(bound: float, alpha: float):
    """Looked at after every request, 5,000 of them: exact, by following all paths."""
    fates = fate(MeanTest("at_least", bound, alpha), bound, 5000)
    assert 0 < fates.failed <= alpha
    assert 0 < fates.passed <= alpha


@pytest.mark.parametrize("truth", [0.985, 0.98, 0.99])
def test_with_a_margin_both_errors_stay_within_alpha_at_both_sides(truth: float):
    fates = fate(MeanTest("at_least", 0.99, 0.01, margin=0.01), truth, 8000)
    assert truth < 0.99 or fates.failed <= 0.01
    assert truth > 0.98 or fates.passed <= 0.01


CASES = [
    (0.99, 1.0),
    (0.99, 0.998),
    (0.99, 0.995),
    (0.95, 0.973),
    (0.95, 0.99),
    (0.8, 0.88),
    (0.5, 0.6),
    (0.99, 0.98),
    (0.99, 0.97),
    (0.99, 0.95),
    (0.95, 0.8),
]


@cache
def ends(bound: float, truth: float) -> Fate:
    """Followed for six times as long as the information asks for."""
    return fate(MeanTest("at_least", bound, ALPHA), truth, int(6 * floor(bound, truth)))


def floor(bound: float, truth: float) -> float:
    return math.log(1 / ALPHA) / divergence(truth, bound)


@pytest.mark.parametrize(("bound", "truth"), CASES)
def test_a_verdict_takes_at_most_half_more_than_the_information_asks_for(bound: float, truth: float):
    fates = ends(bound, truth)
    assert fates.undecided < 1e-3
    assert (fates.passed if truth > bound else fates.failed) > 0.999
    assert fates.mean_n <= 1.5 * floor(bound, truth)


@pytest.mark.parametrize(("bound", "truth"), CASES)
def test_the_plan_is_within_a_tenth_of_the_mean(bound: float, truth: float):
    assert planned_n(bound, truth) == pytest.approx(ends(bound, truth).mean_n, rel=0.1)


def test_no_more_than_the_whole_capital_is_bet():
    assert math.fsum(WEIGHTS) == pytest.approx(1, abs=1e-12)
    assert STAKES[0] == 1
    assert all(0 < stake <= 1 for stake in STAKES)


@pytest.mark.parametrize(("n", "k"), [(1000, 1000), (1000, 990), (1000, 800), (50, 25)])
def test_an_interval_ends_where_the_verdict_turns(n: int, k: int):
    counts = [(0.0, float(n - k)), (1.0, float(k))]
    low, high = interval(n, k, 2 * ALPHA)
    for side, end, outwards in (("at_least", low, -1), ("at_most", high, 1)):
        if 0 < end < 1:
            assert MeanTest(side, end + outwards * 1e-9, ALPHA).verdict(counts) is Verdict.PASS
            assert MeanTest(side, end - outwards * 1e-9, ALPHA).verdict(counts) is Verdict.INCONCLUSIVE


def test_planned_figures():
    assert planned_n(0.99, 1.0) == pytest.approx(1100, rel=0.05)
    assert ends(0.99, 0.995).mean_n == pytest.approx(6500, rel=0.05)
    assert planned_n(0.99, 0.99) is None
    assert planned_n(0.01, 0.005, side="at_most") == planned_n(0.99, 0.995)


def test_at_most_is_at_least_of_the_opposite():
    for k in range(0, 400, 7):
        most = MeanTest("at_most", 0.05, 0.01).verdict([(0.0, 400.0 - k), (1.0, float(k))])
        least = MeanTest("at_least", 0.95, 0.01).verdict([(0.0, float(k)), (1.0, 400.0 - k)])
        assert most is least


def clopper_pearson(n: int, k: int, alpha: float) -> tuple[float, float]:
    """The fixed-n interval to compare with, by halving."""

    def lower(hits: int) -> float:
        low, high = 0.0, hits / n
        for _ in range(40):
            middle = (low + high) / 2
            tail = (
                math.fsum(math.exp(log_chance(hits_, middle)) for hits_ in range(hits, n + 1))
                if middle
                else 0.0
            )
            low, high = (low, middle) if tail > alpha / 2 else (middle, high)
        return low

    def log_chance(hits: int, p: float) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(hits + 1) - math.lgamma(n - hits + 1)
        return ways + hits * math.log(p) + (n - hits) * math.log1p(-p)

    return lower(k), 1 - lower(n - k)


@pytest.mark.parametrize("n", [300, 1000, 3000])
@pytest.mark.parametrize("share", [1.0, 0.99, 0.95, 0.8, 0.5])
def test_the_interval_is_at_most_half_wider_than_clopper_pearson(n: int, share: float):
    k = round(n * share)
    low, high = interval(n, k, ALPHA)
    fixed_low, fixed_high = clopper_pearson(n, k, ALPHA)
    assert low <= k / n <= high
    assert high - low <= 1.5 * (fixed_high - fixed_low)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]))
def test_verdict_and_interval_agree(n: int, share: float, bound: float):
    k = round(n * share)
    decision = judge(requirement("success", at_least(bound)), Evidence.share(n, k))
    assert (decision.verdict is Verdict.PASS) == (decision.low >= bound - 1e-10)
    assert (decision.verdict is Verdict.FAIL) == (decision.high <= bound + 1e-10)
    assert decision.low <= k / n + 1e-12
    assert decision.high >= k / n - 1e-12


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.floats(0, 1), st.booleans())
def test_verdict_and_interval_agree_about_a_margin(n: int, share: float, upwards: bool):
    """Shown beside the verdict, the interval must not contradict it: it clears the far side of the margin."""
    k = round(n * share)
    claim = at_least(0.95, margin=0.02) if upwards else at_most(0.95, margin=0.02)
    decision = judge(requirement("success", claim), Evidence.share(n, k))
    beyond_bad = decision.low >= 0.93 - 1e-10 if upwards else decision.high <= 0.97 + 1e-10
    beyond_good = decision.high <= 0.95 + 1e-10 if upwards else decision.low >= 0.95 - 1e-10
    assert decision.verdict is not Verdict.PASS or beyond_bad
    assert decision.verdict is not Verdict.FAIL or beyond_good
    assert decision.verdict is not Verdict.INCONCLUSIVE or not (beyond_bad or beyond_good)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_a_decision_recomputes_bit_for_bit(n1: int, k1: int, n2: int, k2: int):
    """From stored counts, and from two parts of a run added up."""
    first, second = Evidence.share(n1 + k1, k1), Evidence.share(n2 + k2, k2)
    wanted = requirement("p99", at_most("300ms", margin=0.005))
    at_once = judge(wanted, Evidence.share(first.n + second.n, k1 + k2))
    assert judge(wanted, first + second) == at_once
    n, k = json.loads(json.dumps([at_once.n, at_once.k]))
    assert judge(wanted, Evidence.share(n, int(k))) == at_once


def test_evidence_of_different_things_does_not_add_up():
    with pytest.raises(ValueError, match="does not add up"):
        Evidence.share(1, 1) + Evidence.of([0.5])
