"""Claims in PromQL: how they are written, and how a value is judged."""

from __future__ import annotations

import math

import pytest

from chaosmesh import around, at_least, at_most, baseline, promql, weights
from chaosmesh.errors import UsageError
from chaosmesh.judge import Reading, Verdict, judge_readings, requirement, written_out
from chaosmesh.judge.decision import Decision

QUERY = "sum(rate(envoy_cluster_upstream_rq_total[$window]))"


def reading(value: float | None, problem: str = "") -> Reading:
    return Reading("errors", "sum(x[2000ms])", 1_000_000_000, 3_000_000_000, value, problem)


def judged(bound, *values: float | None) -> Decision:
    return judge_readings(
        requirement("errors", promql(QUERY, bound)), [reading(one, "nothing") for one in values]
    )


@pytest.mark.parametrize(
    ("bound", "value", "verdict"),
    [
        (at_most(0.01), 0.01, Verdict.PASS),
        (at_most(0.01), 0.0101, Verdict.FAIL),
        (at_least("99 %"), 0.99, Verdict.PASS),
        (at_least("99 %"), 0.98, Verdict.FAIL),
        (at_most("300ms"), 0.3, Verdict.PASS),
        (at_most("300ms"), 0.31, Verdict.FAIL),
        (around(1.4, 0.1), 1.5, Verdict.PASS),
        (around(1.4, 0.1), 1.51, Verdict.FAIL),
        (around(1.4, 0.1), 1.29, Verdict.FAIL),
        (at_most(0), -1.0, Verdict.PASS),
    ],
)
def test_a_value_is_held_against_the_bound(bound, value, verdict):
    found = judged(bound, value)
    assert (found.verdict, found.observed, found.n) == (verdict, value, 1)


def test_the_reason_says_query_value_and_time():
    assert judged(at_most(0.01), 0.25).reason == (
        "errors at most 0.01: 0.25, at most 0.01 wanted (sum(x[2000ms]) over 2.0 s)"
    )


def test_a_query_without_a_value_is_invalid_with_the_reason():
    found = judged(at_most(0.01), None)
    assert found.verdict is Verdict.INVALID
    assert "nothing" in found.reason
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert found.as_dict()["low"] is None


def test_no_reading_is_invalid_and_never_a_pass():
    found = judged(at_most(0.01))
    assert found.verdict is Verdict.INVALID
    assert "never asked" in found.reason


def test_of_several_times_the_worst_counts():
    found = judged(at_most(0.01), 0.001, 0.2, 0.3, 0.002)
    assert (found.verdict, found.observed, found.n, found.k) == (Verdict.FAIL, 0.3, 4, 2)
    assert "the worst of 4" in found.reason
    assert judged(at_least(1), 3, 2).observed == 2
    assert judged(at_most(0.01), 0.001, None).verdict is Verdict.INVALID


def test_the_window_is_written_out_in_milliseconds():
    assert written_out("rate(x[$window]) + rate(y[${window}])", 2.5) == "rate(x[2500ms]) + rate(y[2500ms])"
    assert written_out("rate(x[$windows])", 2.5) == "rate(x[$windows])"
    assert written_out("rate(x[$window])", 0) == "rate(x[1ms])"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: promql("", at_most(1)), "a query is a text"),
        (lambda: promql(QUERY, 1), "the second is a bound"),
        (lambda: promql(QUERY, weights({"a": 1})), "the second is a bound"),
        (lambda: promql(QUERY, promql(QUERY, at_most(1))), "the second is a bound"),
        (lambda: requirement("errors", promql(QUERY, at_most(baseline(times=2)))), "no other sample"),
        (lambda: requirement("errors", promql(QUERY, at_most(1, margin=0.1))), "a margin says nothing"),
        (lambda: requirement("errors", promql(QUERY, at_most(1, on=("a", "b")))), "the query says what"),
        (lambda: requirement("errors", promql(QUERY, at_most(1, of="home"))), "the query says what"),
        (lambda: requirement("success", promql(QUERY, at_most(1))), "a meaning of its own"),
        (lambda: requirement("p99", promql(QUERY, at_most(1))), "a meaning of its own"),
        (lambda: requirement("status_503", promql(QUERY, at_most(1))), "a meaning of its own"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_next_step(make, said):
    with pytest.raises(UsageError, match=said) as error:
        make()
    assert error.value.hint


def test_it_is_no_share_of_anything_and_needs_no_place():
    asked = requirement("errors", promql(QUERY, at_most("1 %", during="fault")))
    assert (asked.in_promql, asked.is_share, asked.is_moment, asked.needs) == (True, False, False, None)
    assert (asked.bound, asked.during, asked.query) == (0.01, "fault", QUERY)
