"""Schedules, control cohorts and the words of claims on the shipped airport: real sidecars, real load, real faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaosmesh import Failed, Invalid, around, at_least, at_most, control, phase, weights
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.ledger import Ledger
from tests.integration.experiment.undisturbed import undisturbed

pytestmark = pytest.mark.integration
PATH = "/flights/NH10"


def test_a_schedule_breaks_and_heals_while_one_stream_goes_on(mesh: MeshView, live: LiveMesh, tmp_path: Path):
    weather = mesh.edge("flights", "weather")
    # Fifteen attempts come of one request while all of them fail: a rate that a small machine can bear. Those of the
    # last half second live on until the fault is healed, and then succeed.
    load = mesh.load(rate=40, path=PATH).through(
        phase("baseline", "2s"), phase("fault", "3s", weather.errors(503)), phase("recovery", "3s")
    )
    run = undisturbed(
        lambda: load.expect(
            success=at_least(0.8, during="baseline"),
            status_5xx=at_least(0.5, during="fault"),
            attempts=at_least(2, on=weather, during="fault"),
            recovery=at_most("1s"),
        )
    )
    assert not live.active
    names = [one.name for one in run.facts.streams[-1].phases]
    assert names == ["baseline", "fault", "recovery"]
    (fault,) = run.facts.faults
    span = fault.spans[-1]  # what is undecided goes through the schedule once more
    begin = run.facts.streams[-1].phases[1].begin_ns
    assert span.begin_ns <= begin
    run.ledger.write(tmp_path)
    again = decide(type(run.facts).from_json(run.facts.to_json()), Ledger.read(tmp_path))
    assert repr(again) == repr((run.verdict, run.reason, run.claims))


def test_what_a_hanging_replica_shows_of_timeouts_breakers_and_orphans(mesh: MeshView):
    weather, flights = mesh.edge("flights", "weather"), mesh.edge("departures", "flights")
    load = mesh.load(rate=100, path=PATH).through(
        phase("baseline", "1s"), phase("fault", "3s", mesh.node("weather").replica(1).hang())
    )
    run = undisturbed(
        lambda: load.expect(
            cutoff=around("250ms", "60ms", margin=0.15, on=weather),
            split=weights({"flights-v1": 80, "flights-v2": 20}, on=flights, tolerance=0.15),
            overflow=at_most(0.1, on=weather),
            orphans=at_most(0.2, on=weather),
            success=at_least(0.8),
            sticky=at_least(0.6, on=weather, of=PATH),
        )
    )
    hung = [one for one in run.facts.faults if one.met.hit]
    assert len(hung) == 1


def test_another_policy_takes_over_in_its_phase_and_the_one_before_comes_back(mesh: MeshView, live: LiveMesh):
    flights = mesh.edge("departures", "flights")
    load = mesh.load(rate=100, path=PATH).through(
        phase("before", "1s"), phase("alike", "2s", mesh.without("weights"))
    )
    run = undisturbed(lambda: load.expect(shift=at_most("2s", on=flights)))
    assert live.stack.mesh is live.baseline
    (came, *_) = run.facts.policies
    assert came.name == "without weights"
    after = run.ledger.calls(run.streams[-1], *flights.named.paths[0].pair)
    assert len({one.route_hash for one in after}) == 2


def test_a_claim_without_anything_to_count_says_why(mesh: MeshView):
    with pytest.raises(Invalid, match="no call was tried again"):
        undisturbed(
            lambda: mesh.load(rate=100, path=PATH, count=220).expect(
                spacing=at_least("5ms", on=mesh.edge("flights", "weather"))
            )
        )


def test_a_schedule_stops_and_heals_as_soon_as_a_claim_has_failed(mesh: MeshView, live: LiveMesh):
    load = mesh.load(rate=40, path=PATH).through(
        phase("fault", "60s", mesh.edge("flights", "weather").errors(503)), phase("recovery", "60s")
    )
    with pytest.raises(Failed) as error:
        undisturbed(lambda: load.expect(success=at_least(0.9, during="fault")))
    assert error.value.run.seconds < 60
    assert not live.active


def test_a_control_cohort_shows_what_the_fault_did(mesh: MeshView):
    weather = mesh.edge("flights", "weather")
    load = mesh.load(rate=60, path=PATH, control={"x-cohort": "control"})
    with weather.errors(503, share=0.2):
        run = undisturbed(lambda: load.expect(success=at_least(control(minus=0.1))))
    records = run.ledger.records
    assert {one.spec for _, one in records} == {0, 1}
    assert run.claims[0].decision.n < run.requests
