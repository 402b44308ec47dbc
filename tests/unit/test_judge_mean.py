"""Means of bounded values (attempts per call) and blocks of bursty outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from chaosmesh.judge import Evidence, MeanTest, Verdict, at_most, interval_of, judge, planned_for, requirement
from chaosmesh.judge.blocks import blocks, bursty, dispersion
from chaosmesh.judge.oracle import attempts, attempts_distribution

LOOK = 100


def calls(share: float, retries: int, runs: int, length: int, seed: int) -> np.ndarray:
    """Attempts of calls whose attempts fail by themselves with a chance of `share`."""
    law = attempts_distribution(share, retries)
    return np.random.default_rng(seed).choice(list(law), p=list(law.values()), size=(runs, length))


def first_verdict(row: np.ndarray, bound: float, alpha: float, every: int = LOOK) -> tuple[Verdict, int]:
    for n in range(every, len(row) + 1, every):
        values, often = np.unique(row[:n], return_counts=True)
        counts = {float(v): int(c) for v, c in zip(values, often, strict=True)}
        seen = Evidence.counted(counts, high=3)
        verdict = MeanTest("at_most", seen.to_unit(bound), alpha, binary=False).verdict(seen.unit)
        if verdict.decided:
            assert judge(requirement("attempts", at_most(bound)), seen, alpha).verdict is verdict
            return verdict, n
    return Verdict.INCONCLUSIVE, len(row)


def test_false_alarms_at_the_bound_stay_within_alpha():
    """30 % failures and 2 retries make 1.39 attempts a call: the claim "at most 1.39" is just kept."""
    ends = [first_verdict(row, 1.39, 0.05, every=250)[0] for row in calls(0.3, 2, 200, 1500, seed=1)]
    assert ends.count(Verdict.FAIL) <= 10
    assert ends.count(Verdict.PASS) <= 10


def test_a_policy_within_its_budget_passes_and_the_plan_says_when():
    law = {value: round(1e6 * chance) for value, chance in attempts_distribution(0.3, 2).items()}
    planned = planned_for(requirement("attempts", at_most(1.5)), Evidence.counted(law, high=3))
    assert planned is not None
    runs = [first_verdict(row, 1.5, 1e-4) for row in calls(0.3, 2, 100, 5 * planned, seed=2)]
    assert {verdict for verdict, _ in runs} == {Verdict.PASS}
    assert np.mean([n for _, n in runs]) == pytest.approx(planned + LOOK / 2, rel=0.12)


def test_a_retry_too_many_fails():
    runs = [first_verdict(row, 1.5, 1e-4) for row in calls(0.5, 2, 50, 3000, seed=3)]
    assert {verdict for verdict, _ in runs} == {Verdict.FAIL}


def test_the_interval_holds_the_mean():
    truth, held = attempts(0.3, 2), 0
    for row in calls(0.3, 2, 200, 800, seed=4):
        low, high = interval_of(Evidence.of(map(float, row.tolist()), high=3), 0.05)
        held += low <= truth <= high
    assert held >= 190


def test_more_attempts_than_the_policy_allows_make_the_claim_invalid():
    decision = judge(requirement("attempts", at_most(1.5)), Evidence.counted({1: 990, 4: 10}, high=3))
    assert decision.verdict is Verdict.INVALID
    assert "saw 4 where only 0 to 3 can be" in decision.reason


def bursts(share: float, size: int, runs: int, length: int, seed: int) -> np.ndarray:
    """Outcomes that fail `size` at a time."""
    fine = np.random.default_rng(seed).random((runs, length // size)) < share
    return np.repeat(fine, size, axis=1)


def test_bursts_fool_single_outcomes_but_not_blocks():
    wanted = requirement("success", at_most(0.8))
    single = as_blocks = 0
    for row in bursts(0.8, 50, 200, 10_000, seed=5):
        single += judge(wanted, Evidence.share(len(row), int(row.sum())), 0.05).verdict is Verdict.FAIL
        as_blocks += judge(wanted, blocks(row.tolist(), 50), 0.05).verdict is Verdict.FAIL
    assert single > 40
    assert as_blocks <= 10


def test_bursts_are_noticed():
    for row in bursts(0.8, 50, 20, 10_000, seed=6):
        assert dispersion(row.tolist(), 50) == pytest.approx(50, rel=0.05)
        assert bursty(row.tolist(), 50)
    for row in bursts(0.8, 1, 200, 10_000, seed=7):
        assert not bursty(row.tolist(), 50)
    assert dispersion([1.0] * 500, 50) == 1
    assert not bursty([1.0, 0.0], 50)


def test_an_incomplete_block_is_left_out():
    assert blocks([1, 1, 0, 0, 1], 2).values == ((0.0, 1), (1.0, 1))
    with pytest.raises(ValueError, match="a block of 0"):
        blocks([1], 0)
