"""Checks that tell a stand-in something are left out where a program of one's own runs, and are listed."""

from __future__ import annotations

from chaosmesh.appmesh import load
from chaosmesh.appmesh.translate import translate
from chaosmesh.checks import plan
from chaosmesh.engine.untold import tellable
from tests.conftest import ROOT

AIRPORT = ROOT / "fixtures" / "airport"


def test_only_what_nobody_can_tell_is_left_out():
    whole = plan(load([AIRPORT]), profile="appmesh", alpha=0.01, quick=False, replicas={"weather": 2})
    mesh = translate(load([AIRPORT]), "appmesh")
    assert tellable(whole, (), mesh) == whole
    made = tellable(whole, {"weather"}, mesh)
    kept, left = {one.id for one in made.checks}, {one.id: one.reason for one in made.skipped}
    retries = "virtualRouter/weather-router/route/weather-route/retryPolicy.maxRetries"
    assert left[retries] == "weather runs a program of its own, which can't be told to fail or to wait"
    assert "virtualNode/weather/listeners.8080.healthCheck" in left
    assert "virtualRouter/weather-router/route/weather-route/match.prefix" in kept
    assert "virtualRouter/flights-router/route/flights-route/retryPolicy.maxRetries" in kept
    assert kept | left.keys() == {one.id for one in (*whole.checks, *whole.skipped)}


def test_several_programs_are_named():
    whole = plan(load([AIRPORT]), profile="appmesh", alpha=0.01, quick=False, replicas={})
    mesh = translate(load([AIRPORT]), "appmesh")
    made = tellable(whole, {"flights-v1", "flights-v2"}, mesh)
    reasons = {one.reason for one in made.skipped}
    assert (
        "flights-v1, flights-v2 run programs of their own, which can't be told to fail or to wait" in reasons
    )


def test_a_program_that_is_called_past_every_backend_may_know_no_such_path(tmp_path):
    (tmp_path / "mesh.json").write_text(
        '{"meshName": "airport", "spec": {"egressFilter": {"type": "ALLOW_ALL"}}}'
    )
    concierge = AIRPORT.parent / "concierge" / "concierge-node.json"
    resources = load([AIRPORT, concierge, tmp_path / "mesh.json"])
    mesh = translate(resources, "appmesh")
    whole = plan(resources, profile="appmesh", alpha=0.01)
    left = {one.id: one.reason for one in tellable(whole, {"concierge"}, mesh).skipped}
    assert "may know no path" in left["mesh/egressFilter"]
