"""The words of claims: what each is a question about, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import chaosmesh
from chaosmesh.errors import UsageError
from chaosmesh.judge import (
    Claim,
    Relative,
    around,
    as_written,
    at_least,
    at_most,
    baseline,
    control,
    requirement,
    weights,
)
from chaosmesh.judge.words import NAMES

EDGE = object()


def test_experiments_import_every_constructor_from_the_package():
    for name in ("at_least", "at_most", "around", "weights", "as_written", "baseline", "control"):
        assert callable(getattr(chaosmesh, name))


@pytest.mark.parametrize(
    ("name", "claim", "measure", "unit"),
    [
        ("success", at_least(0.9), "success", "request"),
        ("success", at_least(0.9, on=EDGE), "success", "call"),
        ("p99", at_most("1s"), "latency", "request"),
        ("status_5xx", at_most(0.1), "status", "request"),
        ("grpc_14", at_most(0.1), "grpc", "request"),
        ("attempts", at_most(2), "attempts", "call"),
        ("amplification_entry", at_most(2), "amplification_entry", "request"),
        ("spacing", at_least("10ms"), "spacing", "gap"),
        ("cutoff", around("250ms", "50ms"), "cutoff", "call"),
        ("split", as_written(), "split", "call"),
        ("sticky", at_least(0.99), "sticky", "request"),
        ("overflow", at_most(0.1), "overflow", "call"),
        ("fallback", at_least(0.5), "fallback", "call"),
        ("orphans", at_most(0.1), "orphans", "attempt"),
        ("ejected", at_most("3s"), "ejected", "moment"),
        ("returned", at_most("3s"), "returned", "moment"),
        ("recovery", at_most("3s"), "recovery", "moment"),
        ("shift", at_most("3s"), "shift", "moment"),
    ],
)
def test_every_word_has_a_measure_and_a_unit(name: str, claim: Claim, measure: str, unit: str):
    one = requirement(name, claim)
    assert (one.measure, one.unit) == (measure, unit)
    assert one.counted


def test_what_a_claim_must_be_on():
    needs = {name: requirement(name, claim).needs for name, claim in (
        ("success", at_least(0.9)), ("overflow", at_most(0.1)), ("ejected", at_most("1s")), ("shift", at_most("1s"))
    )}  # fmt: skip
    assert needs == {"success": None, "overflow": "edge", "ejected": "node", "shift": None}


def test_of_and_during_are_said_and_kept():
    one = requirement("p99", at_most("300ms", of="beta", during="fault"))
    assert (one.of, one.during) == ("beta", "fault")
    assert one.statement == "p99 of beta at most 300ms during fault"


def test_gaps_and_cuts_are_shares_of_what_lies_between_two_durations():
    gaps = requirement("spacing", at_least("10ms", on=EDGE))
    assert (gaps.side, gaps.bound, gaps.within) == ("at_least", 0.99, (0.01, math.inf))
    cuts = requirement("cutoff", around("250ms", "50ms", on=EDGE))
    assert cuts.within == pytest.approx((0.2, 0.3))
    assert [cuts.timely(seconds) for seconds in (0.19, 0.25, 0.31)] == [False, True, False]
    assert requirement("cutoff", at_most("300ms")).within == (0.0, 0.3)
    assert requirement("p99", at_most("300ms")).timely(0.3)


def test_a_grpc_status_has_a_number_or_a_name():
    assert requirement("grpc_unavailable", at_most(0.1)).grpc == 14
    assert requirement("grpc_DEADLINE_EXCEEDED", at_most(0.1)).grpc == 4
    with pytest.raises(UsageError, match="no grpc-status"):
        requirement("grpc_99", at_most(0.1))


def test_weights_wait_for_those_of_the_policy_only_where_none_are_written():
    written = requirement("split", as_written(on=EDGE, tolerance=0.02))
    assert (written.weights, written.tolerance) == ((), 0.02)
    assert written.written({"a": 1}).weights == (("a", 1),)
    own = requirement("split", weights({"a": 90, "b": 10}, on=EDGE))
    assert own.written({"a": 1}).weights == (("a", 90), ("b", 10))
    assert own.statement == "split a 90, b 10 (± 3 points)"


def test_relative_bounds_say_what_they_come_from():
    one = requirement("attempts", at_most(baseline(times=1.2), on=EDGE))
    assert one.relative == Relative("baseline", 1.2)
    assert one.statement == "attempts at most 1.2 × the baseline's"
    slow = requirement("p99", at_most(control(times=1.5, plus="20ms")))
    assert (slow.limit, slow.bound, slow.side) == (None, 0.99, "at_least")
    assert slow.statement == "p99 at most 1.5 × the control's + 20ms"


@pytest.mark.parametrize(
    ("name", "make", "said", "hint"),
    [
        ("success", lambda: weights({"a": 1}), "weights belong to split", "split="),
        ("split", lambda: at_least(0.5), "weights belong to split", "as_written"),
        ("split", lambda: weights({}), "targets with weights", "weights({"),
        ("split", lambda: weights({"a": -1}), "'a' has -1", "0 or more"),
        ("split", lambda: weights({"a": 0}), "every target has 0", "more"),
        ("split", lambda: as_written(tolerance=3), "a share above 0", "0.03"),
        ("success", lambda: at_least(baseline()), "two samples are alike", "baseline(minus=0.01)"),
        ("success", lambda: at_least(baseline(minus=0.01), during="baseline"), "with itself", "during="),
        ("success", lambda: at_least(baseline(minus="10ms")), "is no number", "minus=0.01"),
        ("success", lambda: at_least(control(minus=-1)), "0 or more", "plus"),
        ("success", lambda: at_least(control(times=0)), "above 0", "times=1.2"),
        ("p99", lambda: at_most(control(plus=20)), "no unit", '"20ms"'),
        ("p99", lambda: around("300ms", "10ms"), "a highest or a lowest", "at_most"),
        ("success", lambda: around(0.5, 0.6), "every share", "around("),
        ("success", lambda: around(0.5, 0.0), "every share, or none", "around("),
        ("attempts", lambda: around(1.4, "x"), "neither a number", "300ms"),
        ("attempts", lambda: around(1.4, -1), "above 0", "around("),
        ("sticky", lambda: at_most(0.9), "at least a half", "sticky="),
        ("sticky", lambda: at_least(control(minus=0.1)), "can't be relative", "number"),
        ("ejected", lambda: at_most(3), "no unit", '"3s"'),
        ("ejected", lambda: at_most("3s", margin=1), "compared, not estimated", "leave it out"),
        ("recovery", lambda: at_most(baseline(times=2)), "can't be relative", "duration"),
        ("spacing", lambda: at_least(0.01), "no unit", "ms"),
        ("p100", lambda: at_most("1s"), "no quantile", "p9999"),
        ("p0", lambda: at_most("1s"), "no claim is called", "p50"),
        ("p00", lambda: at_most("1s"), "no quantile", "p50"),
        ("status_9xx", lambda: at_most(0.1), "no claim is called", "status_5xx"),
        ("status_999", lambda: at_most(0.1), "no claim is called", "status_503"),
        ("attempts", lambda: at_most("nan"), "neither a number", "300ms"),
        ("attempts", lambda: at_most("inf"), "neither a number", "300ms"),
        ("success", lambda: at_least(0.9, margin=None), "a margin is a number", "margin=0.005"),
        ("success", lambda: at_least(baseline(minus="-1 %")), "neither a number", "99 %"),
        ("success", lambda: at_least(baseline(minus="-0.01")), "0 or more", "minus"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_the_next_step(
    name: str, make: Callable[[], Claim], said: str, hint: str
):
    with pytest.raises(UsageError) as caught:
        requirement(name, make())
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["success", "orphans", "grpc_14", "shift"])
def test_the_list_of_names_is_complete(text: str):
    assert text in NAMES
