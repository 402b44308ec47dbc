"""Bounds from another sample of the run: the baseline's, or those of a control cohort beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chaosmesh.judge import (
    MeanTest,
    Relative,
    Requirement,
    Verdict,
    at_least,
    at_most,
    baseline,
    control,
    counting,
    judge,
    judge_against,
    planned_against,
    requirement,
)
from chaosmesh.judge.bursts import ONE_BY_ONE
from chaosmesh.judge.quantiles import quantile_ends

WORSE_BY_2 = requirement("success", at_least(control(minus=0.02)))


def outcomes(share: float | np.ndarray, n: int, rng: np.random.Generator) -> list[float]:
    return (rng.random(n) < share).astype(float).tolist()


def looks(n: int, every: int) -> range:
    return range(every, n + 1, every)


def test_equal_samples_pass_and_a_worse_one_fails_about_when_the_plan_says():
    rng = np.random.default_rng(1)
    planned = planned_against(WORSE_BY_2, 0.97, 0.97)
    worse = planned_against(WORSE_BY_2, 0.97, 0.9)
    assert planned == pytest.approx(3500, rel=0.1)
    assert worse is not None
    assert planned is not None
    for _ in range(20):
        same = judge_against(WORSE_BY_2, outcomes(0.97, 3 * planned, rng), outcomes(0.97, 3 * planned, rng))
        assert same.verdict is Verdict.PASS
        off = judge_against(WORSE_BY_2, outcomes(0.97, 3 * worse, rng), outcomes(0.9, 3 * worse, rng))
        assert off.verdict is Verdict.FAIL


@pytest.mark.parametrize("times", [1.0, 1.02])
def test_at_the_line_both_wrong_verdicts_stay_within_alpha(times: float):
    """The sample is exactly as much worse as is tolerated; 300 replays, looked at eight times, chance in both
    samples."""
    alpha, replays = 0.05, 300
    wanted = requirement("success", at_least(Relative("baseline", times, 0.0, 0.02), during="fault"))
    rng, wrong = np.random.default_rng(2), {Verdict.PASS: 0, Verdict.FAIL: 0}
    for _ in range(replays):
        before, after = outcomes(0.9, 800, rng), outcomes(times * 0.9 - 0.02, 800, rng)
        for n in looks(800, 100):
            verdict = fast(wanted, before[:n], after[:n], alpha)
            if verdict.decided:
                wrong[verdict] += 1
                break
    assert max(wrong.values()) <= alpha * replays
    assert sum(wrong.values()) > 0


def fast(wanted: Requirement, before: list[float], after: list[float], alpha: float) -> Verdict:
    """The verdict alone, without its interval, of "at least the other's − 2 points"."""
    assert wanted.relative is not None
    times = wanted.relative.times
    values, often = np.unique(np.array(after) - times * np.array(before), return_counts=True)
    unit = [((value + times) / (1 + times), float(count)) for value, count in zip(values, often, strict=True)]
    return MeanTest("at_least", (times - 0.02) / (1 + times), alpha, binary=False).verdict(unit)


def hog(n: int) -> np.ndarray:
    """Share of success while a busy loop takes the cores from the middle on."""
    return np.where(np.arange(n) < n // 2, 0.995, 0.93)


def test_a_hog_in_mid_run_fools_a_single_arm_but_not_a_paired_control():
    """A/A at α = 5 %: nothing is wrong with the service, 200 replays. The first half is the baseline of the single arm."""
    alpha, replays, n = 0.05, 200, 2000
    single = requirement("success", at_least(0.99))
    before = requirement("success", at_least(baseline(minus=0.02), during="fault"))
    rng, wrong = np.random.default_rng(3), {"single": 0, "baseline": 0, "control": 0}
    for _ in range(replays):
        arm, other = outcomes(hog(n), n, rng), outcomes(hog(n), n, rng)
        wrong["single"] += judge(single, ONE_BY_ONE.evidence(arm), alpha).verdict is Verdict.FAIL
        wrong["baseline"] += fast(before, arm[: n // 2], arm[n // 2 :], alpha) is Verdict.FAIL
        wrong["control"] += any(
            fast(WORSE_BY_2, other[:k], arm[:k], alpha) is Verdict.FAIL for k in looks(n, 250)
        )
    assert wrong["single"] > 0.9 * replays
    assert wrong["baseline"] > 0.9 * replays
    assert wrong["control"] <= alpha * replays


def test_a_paired_control_still_sees_the_fault_under_the_hog():
    rng = np.random.default_rng(4)
    found = judge_against(WORSE_BY_2, outcomes(hog(4000), 4000, rng), outcomes(hog(4000) - 0.08, 4000, rng))
    assert found.verdict is Verdict.FAIL


def test_means_are_compared_by_pairs_too():
    wanted = requirement("attempts", at_most(baseline(times=1.2), on=object()))
    rng = np.random.default_rng(5)
    once = rng.choice([1.0, 2.0, 3.0], p=[0.7, 0.2, 0.1], size=3000).tolist()
    again = rng.choice([1.0, 2.0, 3.0], p=[0.7, 0.2, 0.1], size=3000).tolist()
    kept = judge_against(wanted, once, again, low=1, high=3)
    assert (kept.verdict, kept.unit) == (Verdict.PASS, "pairs of calls")
    assert judge_against(wanted, once, [3.0] * 300, low=1, high=3).verdict is Verdict.FAIL
    assert judge_against(wanted, once, [4.0] * 300, low=1, high=3).verdict is Verdict.INVALID


def test_verdict_interval_and_line_agree():
    rng = np.random.default_rng(6)
    for n in (200, 1000, 5000, 9000):
        one = judge_against(WORSE_BY_2, outcomes(0.97, n, rng), outcomes(0.96, n, rng))
        assert (one.verdict is Verdict.PASS) == (one.low >= one.bound - 1e-9)
        assert (one.verdict is Verdict.FAIL) == (one.high <= one.bound + 1e-9)
        assert one.observed is not None
        assert one.low <= one.observed <= one.high


def test_it_is_said_in_words():
    early = judge_against(WORSE_BY_2, [1.0] * 97 + [0.0] * 3, [1.0] * 96 + [0.0] * 4)
    assert early.verdict is Verdict.INCONCLUSIVE
    assert "96 % successful against 97 % in the control, 100 pairs of requests" in early.reason
    assert f"about {early.more:,} more would decide it" in early.reason
    nothing = judge_against(WORSE_BY_2, [], [1.0])
    assert (nothing.verdict, nothing.observed) == (Verdict.INVALID, None)
    assert "nothing was counted in the control" in nothing.reason


def test_bursts_are_paired_in_blocks():
    """Cuts that hit ten requests at once in both cohorts, alike: judged one by one, one of them looks worse."""
    rule, rng, replays = counting([("reset", {})], 500), np.random.default_rng(12), 150
    wanted = requirement("success", at_least(control(minus=0.001)))
    wrong = {ONE_BY_ONE: 0, rule: 0}
    for _ in range(replays):
        arms = [np.repeat(rng.random(300) < 0.8, rule.size).astype(float).tolist() for _ in range(2)]
        for how in wrong:
            found = judge_against(wanted, *arms, alpha=0.05, counting=how)
            wrong[how] += found.verdict is Verdict.FAIL
    assert wrong[rule] <= 0.05 * replays
    assert wrong[ONE_BY_ONE] > 0.15 * replays
    assert "150 pairs of blocks of 10 requests" in found.reason
    short = judge_against(wanted, [1.0] * 5, [1.0] * 5, counting=rule)
    assert (short.verdict, "less than one block of 10" in short.reason) == (Verdict.INVALID, True)
    assert judge_against(SLOWER, [0.1] * 400, [0.1] * 400, counting=rule).n == 20


SLOWER = requirement("p90", at_most(baseline(times=1.5, plus="5ms"), during="fault"))


def latencies(n: int, rng: np.random.Generator, scale: float = 0.05) -> list[float]:
    return rng.exponential(scale, n).tolist()


def test_a_quantile_passes_where_it_is_the_same_and_fails_where_it_is_twice_as_high():
    rng = np.random.default_rng(7)
    same = judge_against(SLOWER, latencies(1500, rng), latencies(1500, rng))
    assert same.verdict is Verdict.PASS
    twice = judge_against(SLOWER, latencies(3000, rng), latencies(3000, rng, 0.1))
    assert twice.verdict is Verdict.FAIL
    assert "in the baseline (its line is surely between" in twice.reason
    dead = judge_against(SLOWER, latencies(1500, rng), [math.inf] * 500)
    assert dead.verdict is Verdict.FAIL
    assert "no answer of 500 requests" in dead.reason


def test_a_short_baseline_makes_a_quantile_late_and_not_wrong():
    wanted = requirement("p99", at_most(baseline(times=1.2)))
    rng = np.random.default_rng(8)
    early = judge_against(wanted, latencies(200, rng), latencies(4000, rng, 0.2))
    assert early.verdict is Verdict.INCONCLUSIVE
    assert "too few to know its end: about 1,145 are needed" in early.reason


def test_at_the_line_a_quantile_is_rarely_wrong():
    """The sample's quantile is the line itself; 200 replays with looks at both growing samples."""
    alpha, replays, factor = 0.05, 200, 1.5
    wanted = requirement("p90", at_most(control(times=factor)))
    rng, wrong = np.random.default_rng(9), 0
    for _ in range(replays):
        before, after = latencies(600, rng), latencies(600, rng, factor * 0.05)
        wrong += any(judge_against(wanted, before[:n], after[:n], alpha=alpha).decided for n in (150, 600))
    assert wrong <= alpha * replays


def test_a_lower_bound_on_a_quantile_is_the_mirror_image():
    wanted = requirement("p50", at_least(control(times=2.0)))
    rng = np.random.default_rng(10)
    assert judge_against(wanted, latencies(900, rng), latencies(900, rng, 0.2)).verdict is Verdict.PASS
    assert judge_against(wanted, latencies(900, rng), latencies(900, rng, 0.05)).verdict is Verdict.FAIL


def test_the_interval_of_a_quantile_holds_it_at_every_look():
    rng, missed, truth = np.random.default_rng(11), 0, -0.05 * math.log(0.1)
    for _ in range(200):
        values = latencies(800, rng)
        ends = [quantile_ends(sorted(values[:n]), 0.9, 0.05) for n in (100, 200, 400, 800)]
        missed += any(not low <= truth <= high for low, high in ends)
    assert missed <= 20
    assert quantile_ends([0.1], 0.9, 0.05) == (0.0, math.inf)
