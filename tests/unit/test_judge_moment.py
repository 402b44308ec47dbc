"""Moments: facts of a run, known as well as its requests let them be."""

from __future__ import annotations

import json
import math

import pytest

from chaosmesh.judge import Moment, Verdict, around, at_least, at_most, judge_moments, requirement

SOON = requirement("recovery", at_most("3s"))


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        ([Moment.at(2)], Verdict.PASS),
        ([Moment.at(3)], Verdict.PASS),
        ([Moment.at(3.01)], Verdict.FAIL),
        ([Moment(2.9, 3.1)], Verdict.INCONCLUSIVE),
        ([Moment(3.1, 3.2)], Verdict.FAIL),
        ([Moment.later_than(2)], Verdict.INCONCLUSIVE),
        ([Moment.later_than(5)], Verdict.FAIL),
        ([Moment.at(1), Moment.at(4), Moment.at(2)], Verdict.FAIL),
        ([Moment.at(1), Moment(2.9, 3.1)], Verdict.INCONCLUSIVE),
        ([], Verdict.INVALID),
    ],
)
def test_a_moment_is_compared_and_the_worst_counts(seen: list[Moment], verdict: Verdict):
    assert judge_moments(SOON, seen).verdict is verdict


def test_it_may_be_claimed_to_be_late_or_about_a_time():
    late = requirement("returned", at_least("1s", on=object()))
    verdicts = [
        judge_moments(late, [one]).verdict for one in (Moment.at(2), Moment.at(0.5), Moment.later_than(1))
    ]
    assert verdicts == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    about = requirement("returned", around("2s", "500ms", on=object()))
    verdicts = [judge_moments(about, [Moment.at(at)]).verdict for at in (1.4, 1.6, 2.4, 2.6)]
    assert verdicts == [Verdict.FAIL, Verdict.PASS, Verdict.PASS, Verdict.FAIL]


def test_the_decision_shows_the_worst_and_how_often_it_was_in_time():
    decision = judge_moments(SOON, [Moment.at(1), Moment(3.4, 3.5), Moment.at(2)])
    assert (decision.n, decision.k, decision.low, decision.high) == (3, 2, 3.4, 3.5)
    assert decision.reason == (
        "recovery at most 3s: 3.4 s to 3.5 s until users were well again, the worst of 3, at most 3 s wanted"
    )


def test_what_is_missing_is_said():
    assert "watched for longer" in judge_moments(SOON, [Moment.later_than(1)]).reason
    assert "more requests a second would tell" in judge_moments(SOON, [Moment(2, 4)]).reason
    assert "it never happened" in judge_moments(SOON, []).reason


def test_it_is_plain_json_even_when_it_never_ended():
    plain = json.dumps(judge_moments(SOON, [Moment.later_than(5)]).as_dict(), allow_nan=False)
    assert json.loads(plain)["high"] is None


def test_a_moment_has_its_ends_in_order():
    with pytest.raises(ValueError, match="between 2 and 1"):
        Moment(2, 1)
    assert Moment.later_than(1).latest == math.inf
