"""Verdicts: the order, and no vacuous pass."""

from __future__ import annotations

import itertools
import json

from chaosmesh.judge import Evidence, Verdict, at_least, at_most, judge, judge_split, requirement, worst

ORDER = [Verdict.FAIL, Verdict.INVALID, Verdict.INCONCLUSIVE, Verdict.PASS]


def test_the_worst_wins_in_every_order():
    for some in itertools.permutations(ORDER):
        for length in range(1, 5):
            assert worst(some[:length]) is min(some[:length], key=ORDER.index)


def test_nothing_checked_is_not_a_pass():
    assert worst([]) is Verdict.INVALID


def test_nothing_counted_is_not_a_pass():
    for name, claim in [("success", at_least(0.01)), ("p99", at_most("1h")), ("status_503", at_most(0.99))]:
        decision = judge(requirement(name, claim), Evidence.share(0, 0))
        assert decision.verdict is Verdict.INVALID
        assert decision.observed is None
        assert "nothing was counted" in decision.reason
    assert judge_split({"a": 1, "b": 1}, {}).verdict is Verdict.INVALID


def test_only_pass_and_fail_are_decided():
    assert [one.decided for one in ORDER] == [True, False, False, True]


def test_a_decision_is_plain_json_even_with_infinite_evidence():
    stray = judge_split({"a": 100, "b": 0}, {"a": 999, "b": 1})
    text = json.dumps(stray.as_dict(), allow_nan=False)
    assert json.loads(text)["verdict"] == "fail"
    assert json.loads(text)["arms"][1]["log_evidence"] is None
    empty = judge(requirement("success", at_least(0.9)), Evidence.share(0, 0))
    assert json.loads(json.dumps(empty.as_dict(), allow_nan=False))["observed"] is None
