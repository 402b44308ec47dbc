"""Metric arrays: what a fixed-n rank judge passes although a person wouldn't, and the plain cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chaosmesh.judge import Verdict, Worse, judge_arms
from chaosmesh.judge.ranks import above, shift, top

PUBLISHED = {
    "7 of 10 are a hundred times higher": ([1.0] * 10, [100.0] * 7 + [1.0] * 3),
    "another shape": (
        [1, 100, 4, 101, 5, 102, 6, 103, 7, 104, 8, 105, 9, 106, 17],
        [10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7],
    ),
    "sparse errors": ([0.0] * 6, [0, 1, 2, 1, 0, 0]),
}
"""Cases that users of Kayenta reported as wrongly passed: kayenta#780, kayenta#426, spinnaker#6278."""


@pytest.mark.parametrize("worse", ["higher", "either"])
@pytest.mark.parametrize("alpha", [0.02, 1e-4])
@pytest.mark.parametrize("case", PUBLISHED)
def test_what_kayenta_passed_is_not_passed_and_the_reason_says_why(case: str, alpha: float, worse: Worse):
    stable, canary = PUBLISHED[case]
    decision = judge_arms(stable, canary, alpha=alpha, worse=worse)
    assert decision.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert "canary's median" in decision.reason


def test_seven_of_ten_a_hundred_times_higher_fail_at_two_percent():
    stable, canary = PUBLISHED["7 of 10 are a hundred times higher"]
    assert judge_arms(stable, canary, alpha=0.02).verdict is Verdict.FAIL
    undecided = judge_arms(stable, canary)
    assert "7 of the canary's are higher than all the stable arm's" in undecided.reason


def draw(mean: float, seed: int, *, spread: float = 2.0, size: int = 30) -> list[float]:
    values: list[float] = np.random.default_rng(seed).normal(mean, spread, size).tolist()
    return values


@pytest.mark.parametrize("seed", range(10))
def test_equal_arms_pass_and_clearly_different_ones_fail(seed: int):
    """Thirty normal values, 10 ± 1 against 10 and 20."""
    same, other = draw(10, seed, spread=1), draw(10, 100 + seed, spread=1)
    high = draw(20, 200 + seed, spread=1)
    assert judge_arms(same, other).verdict is Verdict.PASS
    assert judge_arms(same, other, worse="either", alpha=0.01).verdict is Verdict.PASS
    assert judge_arms(same, high).verdict is Verdict.FAIL
    assert judge_arms(high, same, worse="lower").verdict is Verdict.FAIL
    assert judge_arms(high, same, worse="either").verdict is Verdict.FAIL
    assert judge_arms(high, same, worse="higher").verdict is Verdict.PASS


def test_thirty_values_are_enough_at_the_level_of_kayenta():
    passed = sum(
        judge_arms(draw(10, s), draw(10, 500 + s), alpha=0.02).verdict is Verdict.PASS for s in range(50)
    )
    assert passed >= 40


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_at_the_line_wrong_verdicts_stay_within_alpha(alpha: float):
    """1,000 pairs of arrays: a canary that is exactly on the line must neither pass nor fail too often."""
    rng = np.random.default_rng(780)
    seen = []
    for _ in range(1000):
        stable, canary = rng.lognormal(0, 0.5, 12), 1.25 * rng.lognormal(0, 0.5, 12)
        seen.append(judge_arms(stable.tolist(), canary.tolist(), alpha=alpha).verdict)
    assert seen.count(Verdict.FAIL) <= 1000 * alpha
    assert seen.count(Verdict.PASS) <= 1000 * alpha


def test_looks_at_growing_arrays_share_the_error():
    rng, wrong = np.random.default_rng(6278), 0
    for _ in range(300):
        stable, canary = rng.normal(10, 2, 40).tolist(), (1.25 * rng.normal(10, 2, 40)).tolist()
        looks = (
            judge_arms(stable[:n], canary[:n], alpha=0.05, look=k) for k, n in enumerate((10, 20, 40), 1)
        )
        wrong += any(one.decided for one in looks)
    assert wrong <= 30


def test_a_few_outliers_withhold_a_pass():
    calm = draw(10, 1, spread=0.5, size=60)
    spiky = [*draw(10, 2, spread=0.5, size=55), *[100.0] * 5]
    decision = judge_arms(calm, spiky)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "5 of the canary's are higher" in decision.reason
    one = judge_arms(calm, [*draw(10, 2, spread=0.5, size=59), 1e9])
    assert one.verdict is Verdict.PASS


def test_no_values_are_no_verdict_and_zeros_need_something_to_be_tolerated():
    assert judge_arms([], [1.0]).verdict is Verdict.INVALID
    assert judge_arms([1.0], []).verdict is Verdict.INVALID
    assert judge_arms([0.0] * 60, [0.0] * 60).verdict is Verdict.INCONCLUSIVE
    assert judge_arms([0.0] * 60, [0.0] * 60, plus=0.5).verdict is Verdict.PASS
    with pytest.raises(ValueError, match="not a number"):
        judge_arms([1.0], [math.nan])


def test_chances_of_ranks_are_exact():
    assert above([1, 2, 3], [4, 5, 6]) == pytest.approx(1 / 20)
    assert above([4, 5, 6], [1, 2, 3]) == 1
    assert above([1, 1, 1], [1, 1, 1]) == 1
    assert top([1.0] * 10, [100.0] * 7 + [1.0] * 3) == (7, pytest.approx(286 / 184_756))
    assert above([1.0] * 10, [2.0] * 10) == pytest.approx(1 / math.comb(20, 10))


def test_many_values_are_judged_by_the_normal_curve_on_the_safe_side():
    few, many = draw(10, 3, size=40), draw(11.5, 4, size=40)
    exact, curve = above(few, many), above([*few, -100.0], [*many, -100.5])
    assert exact < curve < 5 * exact


def test_the_shift_is_found():
    rng, held = np.random.default_rng(12), 0
    for _ in range(200):
        low, high = shift(rng.normal(0, 1, 12).tolist(), rng.normal(3, 1, 12).tolist(), 0.05)
        held += low <= 3 <= high
    assert held >= 175
    assert shift([1.0], [2.0], 0.01) == (-math.inf, math.inf)
