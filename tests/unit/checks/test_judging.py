"""What each check makes of calls: right ones pass, each kind of wrong one fails, none at all proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chaosmesh.appmesh import load
from chaosmesh.checks import Check, Seen
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Request

from .handmade import airport, call, check, nothing, planned, seen

PLAN = planned(airport())
WEATHER = "virtualRouter/weather-router/route/weather-route"
FLIGHTS = "virtualRouter/flights-router/route/flights-route"
CREW = "virtualRouter/flights-router/route/crew-route"


def verdict(one: Check, observed: Sequence[Seen]) -> Verdict:
    return one.judge(observed).verdict


@pytest.mark.parametrize("one", PLAN.checks, ids=lambda one: one.id)
def test_no_call_at_all_proves_nothing(one: Check) -> None:
    outcome = one.judge(nothing(one))
    assert outcome.verdict is Verdict.INVALID
    assert outcome.n == 0
    assert outcome.reason


def test_calls_that_never_came_to_the_ledger_prove_nothing() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.httpRetryEvents.server-error")
    good = call(500, 200)
    asked = [Request(1, n, 0, good.request_id, 0, 0, 1, 200, None, 1, "", "front", ()) for n in range(2)]
    outcome = one.judge([Seen([good], asked)])
    assert outcome.verdict is Verdict.INVALID
    assert "2 requests were sent, 1 calls" in outcome.reason


def test_the_number_of_attempts_is_exact() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.maxRetries")
    never, last = call(500, 500, 500), call(500, 500, 200)
    assert len(one.probes) == 2
    assert verdict(one, [seen(never), seen(last)]) is Verdict.PASS
    for wrong in (call(500, 500), call(500, 500, 500, 500), call(500, 500, 200)):
        outcome = one.judge([seen(never, wrong), seen(last)])
        assert outcome.verdict is Verdict.FAIL
        assert wrong.request_id in outcome.reason
        assert outcome.reason.startswith("1 of 3 calls")
    assert verdict(one, [seen(never), seen(last, call(500, 500, 500))]) is Verdict.FAIL


def test_what_a_busy_host_cut_says_nothing_of_retries() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.maxRetries")
    never, last = call(500, 500, 500), call(500, 500, 200)
    assert verdict(one, [seen(never, call(504, 500, 500)), seen(last)]) is Verdict.PASS
    only = one.judge([seen(call(504, 504, 504)), seen(last)])
    assert only.verdict is Verdict.INVALID
    assert "busy" in only.reason


def test_a_call_that_its_whole_timeout_ended_between_tries_says_nothing_of_retries() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.maxRetries")
    ended = replace(call(500, 500), status=504, flags=("UT",))
    assert verdict(one, [seen(call(500, 500, 500), ended), seen(call(500, 500, 200))]) is Verdict.PASS
    assert verdict(one, [seen(ended), seen(call(500, 500, 200))]) is Verdict.INVALID


@pytest.mark.parametrize(
    ("event", "right", "wrong"),
    [("server-error", (500, 200), (500,)), ("client-error", (409,), (409, 200))],
)
def test_an_event_is_tried_again_and_what_is_none_is_not(
    event: str, right: tuple[int, ...], wrong: tuple[int, ...]
) -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.httpRetryEvents.{event}")
    assert verdict(one, [seen(call(*right), call(*right))]) is Verdict.PASS
    assert verdict(one, [seen(call(*right), call(*wrong))]) is Verdict.FAIL


def test_a_refused_connection_is_tried_again() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.tcpRetryEvents.connection-error")
    assert verdict(one, [seen(call(503, 503, 503))]) is Verdict.PASS
    assert verdict(one, [seen(call(503))]) is Verdict.FAIL


def test_a_try_is_cut_at_its_bound_and_not_before() -> None:
    one = check(PLAN, f"{WEATHER}/retryPolicy.perRetryTimeout")  # 250 ms
    cut, fast = call(504, 200, first_ms=250.4), call(200, first_ms=125)
    assert verdict(one, [seen(cut), seen(fast)]) is Verdict.PASS
    assert verdict(one, [seen(call(504, 200, first_ms=200)), seen(fast)]) is Verdict.FAIL
    assert verdict(one, [seen(call(200, first_ms=700)), seen(fast)]) is Verdict.FAIL
    assert verdict(one, [seen(call(504, first_ms=251)), seen(fast)]) is Verdict.FAIL
    assert verdict(one, [seen(call()), seen(fast)]) is Verdict.FAIL


def test_a_call_is_cut_at_the_bound_and_not_before() -> None:
    one = check(PLAN, f"{FLIGHTS}/timeout.perRequest")  # 4 s
    route = "flights-route"
    cut = [call(status=504, ms=4001, route=route) for _ in range(3)]
    rest = [seen() for _ in one.probes[1:]]
    assert verdict(one, [seen(*cut), *rest]) is Verdict.PASS
    early = [replace(one_, duration_ms=3000) for one_ in cut]
    assert verdict(one, [seen(*early), *rest]) is Verdict.FAIL
    assert verdict(one, [seen(call(200, ms=5000, route=route)), *rest]) is Verdict.FAIL
    late = one.judge([seen(*(replace(one_, duration_ms=9000) for one_ in cut)), *rest])
    assert late.verdict is Verdict.INVALID
    assert "busy" in late.reason


def test_what_stays_below_the_bound_passes(corpus: Path) -> None:
    app = corpus / "walkthroughs" / "howto-http-retries" / "app.yaml"
    route = "virtualRouter/color-router/route/color-route-blue"
    one = check(planned(load([app], variables={"ProjectName": "demo"})), f"{route}/timeout.perRequest")
    assert [probe.standin for probe in one.probes] == ["blue-node=hang", "blue-node=delay_ms:12000"]
    cut = seen(*(call(status=504, ms=15_001) for _ in range(3)))
    assert verdict(one, [cut, seen(call(200, ms=12_003))]) is Verdict.PASS
    assert verdict(one, [cut, seen(call(503, ms=12_003))]) is Verdict.FAIL


def test_a_condition_that_is_met_leads_here_and_one_that_is_missed_does_not() -> None:
    one = check(PLAN, f"{CREW}/match.headers.x-role")
    here, there = call(200, route="crew-route"), call(200, route="flights-route")
    assert verdict(one, [seen(here), seen(there)]) is Verdict.PASS
    outcome = one.judge([seen(call(200, route="flights-route")), seen(there)])
    assert outcome.verdict is Verdict.FAIL
    assert outcome.observed == {"routes": {"flights-route": 2}}
    assert verdict(one, [seen(here), seen(call(200, route="crew-route"))]) is Verdict.FAIL


def test_where_no_route_is_left_a_404_without_attempts_is_right() -> None:
    one = check(PLAN, f"{CREW}/match.prefix")
    here, lost = call(200, route="crew-route"), call(route="", status=404)
    assert verdict(one, [seen(here), seen(lost)]) is Verdict.PASS
    assert verdict(one, [seen(here), seen(call(404, route=""))]) is Verdict.FAIL
    assert verdict(one, [seen(here), seen(call(200, route="flights-route"))]) is Verdict.FAIL


def test_the_smaller_number_wins_a_contest() -> None:
    one = check(PLAN, f"{FLIGHTS}/priority")
    assert verdict(one, [seen(call(200, route="crew-route"))]) is Verdict.PASS
    assert verdict(one, [seen(call(200, route="flights-route"))]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("v1", "v2", "expected"),
    [
        (8000, 2000, Verdict.PASS),
        (9000, 1000, Verdict.FAIL),
        (8, 2, Verdict.INCONCLUSIVE),
        (10_000, 0, Verdict.FAIL),
    ],
)
def test_a_split_is_what_was_written(v1: int, v2: int, expected: Verdict) -> None:
    one = check(PLAN, f"{FLIGHTS}/action.weightedTargets")
    calls = [call(200, server="flights-v1")] * v1 + [call(200, server="flights-v2")] * v2
    assert verdict(one, [seen(*calls)]) is expected


def test_a_split_looks_at_first_attempts_and_at_nothing_else() -> None:
    one = check(PLAN, f"{WEATHER}/action.weightedTargets")
    assert verdict(one, [seen(call(503, 200), call(200))]) is Verdict.PASS
    stranger = one.judge([seen(call(200), call(200, server="elsewhere"))])
    assert stranger.verdict is Verdict.FAIL
    assert "elsewhere, which has no weight" in stranger.reason
    assert verdict(one, [seen(call(status=503))]) is Verdict.INVALID
