"""The header x-standin."""

from __future__ import annotations

import time

import pytest

from chaosmesh.errors import UsageError
from chaosmesh.services.config import StandIn
from chaosmesh.services.plan import Plan, parse
from chaosmesh.services.service import call_age_ms


def test_the_words() -> None:
    assert parse("weather=status:503;attempts:2") == {"weather": Plan(status=503, attempts=2)}
    assert parse("a=grpc:14;attempts:1,b=refuse,c=grpc:0") == {
        "a": Plan(grpc=14, attempts=1),
        "b": Plan(refuse=True),
        "c": Plan(grpc=0),
    }
    assert parse("a=hang, b = close ;until_ms:250,c=delay_ms:40") == {
        "a": Plan(hang=True),
        "b": Plan(close=True, until_ms=250),
        "c": Plan(delay_ms=40),
    }


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("weather", "'weather' is not <node>=<word>"),
        ("", "'' is not"),
        ("a=", "'a=' is not"),
        ("=hang", "'=hang' is not"),
        ("a=explode", "unknown word 'explode'; one of status"),
        ("a=status", "status needs a whole number from 200 to 599, not None"),
        ("a=status:99", "not '99'"),
        ("a=status:5e2", "not '5e2'"),
        ("a=status:٥٠٣", "status needs"),
        ("a=grpc:17", "grpc needs a whole number from 0 to 16, not '17'"),
        ("a=grpc:14;status:503", "only one of"),
        ("a=hang:1", "unknown word 'hang'"),
        ("a=attempts:2", "nothing to do"),
        ("a=attempts:0;hang", "attempts needs a whole number from 1"),
        ("a=hang;close", "only one of status, grpc, hang, close and refuse"),
        ("a=status:503;status:504", "'status' comes twice"),
        ("a=hang,a=close", "'a' comes twice"),
    ],
)
def test_malformed_headers_say_what_is_wrong(header: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(header)


def test_attempts_bounds_by_number() -> None:
    plan = Plan(status=503, attempts=2)
    assert [plan.meets(attempt, None) for attempt in (1, 2, 3)] == [True, True, False]
    assert Plan(status=503).meets(99, None)


def test_until_bounds_by_the_age_of_the_call() -> None:
    plan = Plan(status=503, until_ms=250)
    assert plan.meets(1, 249.9)
    assert not plan.meets(1, 250)
    assert plan.meets(1, None)


def test_the_age_comes_from_the_start_time_of_the_call() -> None:
    age = call_age_ms(f"17-{time.time_ns() - 400_000_000}")
    assert age is not None
    assert age >= 400
    assert call_age_ms(None) is call_age_ms("17-") is call_age_ms("") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"node": "x"}, "'node' can't be changed"),
        ({"latency_ms": -1}, "latency_ms is -1"),
        ({"latency_ms": "5"}, "latency_ms is '5'"),
        ({"capacity": 0}, "capacity is 0"),
        (["latency_ms"], "not a JSON object"),
    ],
)
def test_only_sensible_changes(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        StandIn("a").changed(changes)
