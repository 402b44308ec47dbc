"""Claims as users write them."""

from __future__ import annotations

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.judge import (
    Claim,
    Evidence,
    Verdict,
    alpha_for,
    at_least,
    at_most,
    judge,
    requirement,
    requirements,
)


def test_a_quantile_is_a_share():
    p99 = requirement("p99", at_most("300ms"))
    assert (p99.measure, p99.side, p99.bound, p99.limit) == ("latency", "at_least", 0.99, 0.3)
    assert requirement("p50", at_most("2s")).bound == 0.5
    assert requirement("p999", at_most("1.5 s")).bound == 0.999
    slow = requirement("p90", at_least("250ms"))
    assert (slow.side, slow.bound, slow.limit) == ("at_most", 0.9, 0.25)


def test_shares_statuses_and_means():
    assert requirement("success", at_least("99 %")).bound == 0.99
    assert requirement("status_503", at_most(0.01)).statuses == (503, 503)
    assert requirement("status_5xx", at_most(0.01)).statuses == (500, 599)
    edge = object()
    attempts = requirement("attempts", at_most(1.5, on=edge))
    assert (attempts.measure, attempts.bound, attempts.on, attempts.is_share) == (
        "attempts",
        1.5,
        edge,
        False,
    )
    assert requirement("amplification", at_most(1.5)).measure == "attempts"
    assert requirement("amplification_entry", at_most(3)).measure == "amplification_entry"


@pytest.mark.parametrize(
    ("name", "claim", "said", "hint"),
    [
        ("p99", at_most(300), "no unit", '"300ms"'),
        ("p99", at_most("300"), "no unit", '"300s"'),
        ("p99", at_most("99 %"), "no unit", "ms"),
        ("success", at_least("300ms"), "not a duration", "0.99"),
        ("success", at_least(95), "between 0 and 1", "95 % is 0.95"),
        ("success", at_least(1.0), "no number of requests proves 100%", "margin"),
        ("status_503", at_most(0), "no number of requests proves 0%", "margin"),
        ("success", at_least(0.1, margin=0.2), "leaves no share", ""),
        ("sucess", at_least(0.9), "no claim is called 'sucess'", "success"),
        ("attempts", at_most("2s"), "attempts are counted", "at_most(1.5)"),
        ("attempts", at_most(0), "above 0", "at_most(1.5)"),
        ("success", 0.95, "is no claim", "at_least"),
    ],
)
def test_nonsense_is_refused_with_the_next_step(name: str, claim: Claim, said: str, hint: str):
    with pytest.raises(UsageError) as caught:
        requirement(name, claim)
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("bound", ["soon", "", "300 parsecs", float("nan"), float("inf"), None, True])
def test_a_bound_must_be_one(bound: object):
    with pytest.raises(UsageError):
        at_most(bound)  # type: ignore[arg-type]


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf"), "50ms"])
def test_a_margin_is_a_number(margin: object):
    with pytest.raises(UsageError):
        at_least(0.9, margin=margin)  # type: ignore[arg-type]


def test_no_claim_at_all_is_refused():
    with pytest.raises(UsageError):
        requirements()
    names = [one.name for one in requirements(success=at_least(0.9), p99=at_most("1s"))]
    assert names == ["success", "p99"]


def test_alpha_makes_room_for_a_hundred_claims_and_shrinks_beyond():
    assert [alpha_for(n) for n in (1, 100)] == [1e-4, 1e-4]
    assert alpha_for(400) == pytest.approx(0.01 / 400)


def test_a_decision_says_in_words_what_it_rests_on():
    slow = judge(requirement("p99", at_most("300ms")), Evidence.share(1200, 1100))
    assert slow.verdict is Verdict.FAIL
    assert "91.67 % of 1,200 requests answered within 300 ms, at least 99 % wanted" in slow.reason
    early = judge(requirement("success", at_least(0.95)), Evidence.share(1000, 975))
    assert early.verdict is Verdict.INCONCLUSIVE
    assert early.more is not None
    assert f"about {early.more:,} more would decide it" in early.reason
    many = judge(requirement("attempts", at_most(1.5)), Evidence.counted({1: 500, 3: 500}, high=3))
    assert many.verdict is Verdict.FAIL
    assert "2 attempts a call over 1,000 calls" in many.reason


def test_a_margin_is_part_of_the_verdict():
    """99 % of 4,000: below 99.7 %, undecided about 99 %, and enough for 99 % give or take a point below."""
    seen = Evidence.share(4000, 3960)
    assert judge(requirement("success", at_least(0.997)), seen).verdict is Verdict.FAIL
    assert judge(requirement("success", at_least(0.99, margin=0.01)), seen).verdict is Verdict.PASS
    assert judge(requirement("success", at_least(0.99)), seen).verdict is Verdict.INCONCLUSIVE
