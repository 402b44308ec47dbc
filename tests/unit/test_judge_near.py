"""Claims of the kind "around": within a band, beyond doubt; outside it, beyond doubt; or neither yet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosmesh.judge import Evidence, MeanTest, Verdict, around, judge, planned_for, requirement
from chaosmesh.judge.near import NearTest

BAND = requirement("status_503", around(0.3, 0.05))


def share(truth: float, n: int, rng: np.random.Generator) -> Evidence:
    return Evidence.share(n, int(rng.binomial(n, truth)))


def test_inside_passes_outside_fails_at_the_edge_neither():
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert judge(BAND, share(0.3, 5000, rng)).verdict is Verdict.PASS
        assert judge(BAND, share(0.4, 5000, rng)).verdict is Verdict.FAIL
        assert judge(BAND, share(0.2, 5000, rng)).verdict is Verdict.FAIL
        assert judge(BAND, share(0.35, 5000, rng)).verdict is Verdict.INCONCLUSIVE


def test_off_the_middle_but_within_the_band_is_never_blamed():
    """Unlike a split, whose weight is what is claimed: 33 % is as good as 30 %."""
    rng = np.random.default_rng(2)
    assert {judge(BAND, share(0.33, 40_000, rng)).verdict for _ in range(20)} == {Verdict.PASS}


@pytest.mark.parametrize("truth", [0.25, 0.35])
def test_at_an_edge_both_wrong_verdicts_stay_within_alpha(truth: float):
    rng, alpha, replays = np.random.default_rng(3), 0.05, 400
    test, wrong = NearTest(0.3, 0.05, alpha), {Verdict.PASS: 0, Verdict.FAIL: 0}
    for hits in np.cumsum(rng.random((replays, 1600)) < truth, axis=1)[:, 199::200]:
        seen = (
            test.verdict([(0.0, n - k), (1.0, k)]) for n, k in zip(range(200, 1601, 200), hits, strict=True)
        )
        first = next((one for one in seen if one.decided), None)
        if first:
            wrong[first] += 1
    assert max(wrong.values()) <= alpha * replays
    assert sum(wrong.values()) > 0


def test_the_plan_is_about_right():
    planned = planned_for(BAND, Evidence.share(1000, 300))
    assert planned is not None
    rng = np.random.default_rng(4)
    decided = [judge(BAND, share(0.3, 2 * planned, rng)).decided for _ in range(40)]
    early = [judge(BAND, share(0.3, planned // 2, rng)).decided for _ in range(40)]
    assert sum(decided) >= 38
    assert sum(early) <= 4


def test_a_band_at_the_end_has_one_side():
    all_but = requirement("success", around(1.0, 0.02))
    assert judge(all_but, Evidence.share(2000, 2000)).verdict is Verdict.PASS
    assert judge(all_but, Evidence.share(2000, 1800)).verdict is Verdict.FAIL


def test_a_mean_has_a_band_too_and_it_is_said():
    about = requirement("attempts", around(1.39, 0.1, on=object()))
    good = judge(about, Evidence.counted({1: 2100, 2: 630, 3: 270}, high=3))
    assert good.verdict is Verdict.PASS
    assert "1.39 attempts a call over 3,000 calls, 1.39 ± 0.1 wanted" in good.reason
    assert judge(about, Evidence.counted({1: 3000}, high=3)).verdict is Verdict.FAIL


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20_000), st.floats(0, 1))
def test_verdict_and_interval_agree(n: int, part: float):
    decision = judge(BAND, Evidence.share(n, round(n * part)))
    inside = decision.low >= 0.25 - 1e-9 and decision.high <= 0.35 + 1e-9
    outside = decision.low >= 0.35 - 1e-9 or decision.high <= 0.25 + 1e-9
    assert (decision.verdict is Verdict.PASS) == inside
    assert decision.verdict is not Verdict.FAIL or outside


def test_a_fail_takes_half_of_alpha_from_either_end():
    """375 of 1,000 surely lie above the band at α, but the other end may err too."""
    counts = [(0.0, 625.0), (1.0, 375.0)]
    outside = NearTest(0.3, 0.05, 0.5).logs(counts)[1]
    one_end = MeanTest("at_most", 0.35, 0.5).broken(counts)
    assert outside == pytest.approx(one_end - math.log(2))
