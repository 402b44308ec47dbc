"""Splits: 88/12 is told from 80/20, a right split is left alone, zero means zero."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from chaosmesh.judge import Verdict, judge_split, planned_split

WEIGHTS = {"stable": 80, "canary": 20}


@cache
def look(n: int, k: int, alpha: float) -> Verdict:
    return judge_split(WEIGHTS, {"stable": k, "canary": n - k}, alpha=alpha).verdict


def run(
    share: float, seed: int, budget: int, *, alpha: float = 1e-4, every: int = 100
) -> tuple[Verdict, int]:
    """Look every so many requests until decided or the budget ends."""
    hits = np.cumsum(np.random.default_rng(seed).random(budget) < share)
    for n in range(every, budget + 1, every):
        verdict = look(n, int(hits[n - 1]), alpha)
        if verdict.decided:
            return verdict, n
    return Verdict.INCONCLUSIVE, budget


def test_88_to_12_is_told_from_80_to_20():
    """1,000 seeded replays of at most 1,500 requests: power of 99 % and more."""
    runs = [run(0.88, seed, 1500) for seed in range(1000)]
    assert sum(verdict is Verdict.FAIL for verdict, _ in runs) >= 990
    assert np.mean([n for _, n in runs]) < 700


def test_a_right_split_is_never_blamed_and_passes_in_the_end():
    runs = [run(0.80, seed, 12_000, every=250) for seed in range(60)]
    assert {verdict for verdict, _ in runs} == {Verdict.PASS}
    planned = planned_split(WEIGHTS)
    assert planned is not None
    assert np.mean([n for _, n in runs]) == pytest.approx(planned + 125, rel=0.1)


def test_false_alarms_at_a_larger_alpha_stay_within_it():
    """At 5 %, 300 runs: the mean is at most 15; 27 would come once in 400 such sets at exactly 5 %."""
    alarms = sum(run(0.80, seed, 1000, alpha=0.05)[0] is Verdict.FAIL for seed in range(300))
    assert alarms <= 15


def test_plan_of_a_wrong_split():
    planned = planned_split(WEIGHTS, {"stable": 88, "canary": 12})
    assert planned is not None
    assert planned == pytest.approx(np.mean([run(0.88, seed, 3000)[1] for seed in range(100)]), rel=0.15)
    assert planned_split({"a": 1, "b": 1, "c": 1}) is not None


def test_one_request_at_an_arm_of_weight_zero_fails():
    assert judge_split({"a": 100, "b": 0}, {"a": 5000, "b": 1}).verdict is Verdict.FAIL
    assert judge_split({"a": 100}, {"a": 5000, "stranger": 1}).verdict is Verdict.FAIL
    assert judge_split({"a": 100, "b": 0}, {"a": 500}).verdict is Verdict.PASS
    assert judge_split({"a": 100, "b": 0}, {"a": 20}).verdict is Verdict.INCONCLUSIVE


def test_an_arm_inside_the_tolerance_passes_even_when_it_is_surely_not_the_weight():
    decision = judge_split(WEIGHTS, {"stable": 81_200, "canary": 18_800})
    assert decision.arms[0].low > 0.8
    assert decision.verdict is Verdict.PASS
    assert judge_split(WEIGHTS, {"stable": 84_000, "canary": 16_000}).verdict is Verdict.FAIL


def test_the_reason_names_the_arm_that_is_off():
    reason = judge_split({"a": 50, "b": 30, "c": 20}, {"a": 2500, "b": 2300, "c": 200}).reason
    assert "c got 4 % of 5,000 requests, 20 % wanted" in reason


def test_weights_without_a_sum_are_refused():
    with pytest.raises(ValueError, match="positive sum"):
        judge_split({"a": 0, "b": 0}, {"a": 1})
