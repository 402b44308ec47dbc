"""A split as a claim of a run: one decision, its targets as parts."""

from __future__ import annotations

import json

import pytest

from chaosmesh.judge import (
    Verdict,
    as_written,
    judge_split,
    judge_weights,
    planned_weights,
    requirement,
    weights,
)

CANARY = requirement("split", weights({"v1": 90, "v2": 10}, on=object()))


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"v1": 9000, "v2": 1000}, Verdict.PASS),
        ({"v1": 700, "v2": 300}, Verdict.FAIL),
        ({"v1": 89, "v2": 11}, Verdict.INCONCLUSIVE),
        ({}, Verdict.INVALID),
        ({"v1": 8999, "v2": 1000, "v3": 1}, Verdict.FAIL),
    ],
)
def test_it_says_what_the_split_says(counts: dict[str, int], verdict: Verdict):
    decision = judge_weights(CANARY, counts)
    assert decision.verdict is verdict
    assert decision.parts == judge_split({"v1": 90, "v2": 10}, counts).arms
    json.dumps(decision.as_dict(), allow_nan=False)


def test_it_shows_the_target_that_decided_it():
    stray = judge_weights(CANARY, {"v1": 9000, "v2": 1000, "v3": 1})
    assert (stray.k, stray.bound) == (1, 0)
    assert "v3 got" in stray.reason
    off = judge_weights(CANARY, {"v1": 700, "v2": 300})
    assert (off.n, off.unit) == (1000, "calls")
    assert "30 % of 1,000 requests, 10 % wanted" in off.reason


def test_of_several_that_are_off_the_surest_is_shown():
    three = requirement("split", weights({"a": 50, "b": 30, "c": 20}, on=object()))
    off = judge_weights(three, {"a": 2500, "b": 2300, "c": 200})
    assert [one.verdict for one in off.parts] == [Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.FAIL]
    surest = max(off.parts[1:], key=lambda one: one.log_evidence)
    assert (off.k, off.bound) == (surest.k, surest.bound)


def test_what_is_missing_is_said():
    early = judge_weights(CANARY, {"v1": 900, "v2": 100})
    assert early.more is not None
    assert f"about {early.more:,} more would decide it" in early.reason
    assert planned_weights(CANARY) == pytest.approx(early.more + 1000, rel=0.01)


def test_the_tolerance_of_the_claim_counts():
    counts = {"v1": 900, "v2": 100}
    wide = requirement("split", weights({"v1": 90, "v2": 10}, on=object(), tolerance=0.1))
    assert judge_weights(wide, counts).verdict is Verdict.PASS


def test_the_weights_of_the_policy_must_have_been_filled_in():
    written = requirement("split", as_written(on=object()))
    with pytest.raises(ValueError, match="not filled in"):
        judge_weights(written, {"v1": 1})
    assert judge_weights(written.written({"v1": 1}), {"v1": 500}).verdict is Verdict.PASS
