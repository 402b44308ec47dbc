"""Checks that tell a stand-in something are left out where a program of one's own runs, and are listed."""

from __future__ import annotations

from chaosmesh.appmesh import load
from chaosmesh.checks import plan
from chaosmesh.engine.untold import tellable
from tests.conftest import ROOT

AIRPORT = ROOT / "fixtures" / "airport"


def test_only_what_nobody_can_tell_is_left_out():
    whole = plan(load([AIRPORT]), profile="appmesh", alpha=0.01, quick=False, replicas={"weather": 2})
    assert tellable(whole, ()) == whole
    made = tellable(whole, {"weather"})
    kept, left = {one.id for one in made.checks}, {one.id: one.reason for one in made.skipped}
    retries = "virtualRouter/weather-router/route/weather-route/retryPolicy.maxRetries"
    assert left[retries] == "weather runs a program of its own, which can't be told to fail or to wait"
    assert "virtualNode/weather/listeners.8080.healthCheck" in left
    assert "virtualRouter/weather-router/route/weather-route/match.prefix" in kept
    assert "virtualRouter/flights-router/route/flights-route/retryPolicy.maxRetries" in kept
    assert kept | left.keys() == {one.id for one in (*whole.checks, *whole.skipped)}


def test_several_programs_are_named():
    whole = plan(load([AIRPORT]), profile="appmesh", alpha=0.01, quick=False, replicas={})
    made = tellable(whole, {"flights-v1", "flights-v2"})
    reasons = {one.reason for one in made.skipped}
    assert (
        "flights-v1, flights-v2 run programs of their own, which can't be told to fail or to wait" in reasons
    )
