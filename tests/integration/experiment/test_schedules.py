"""Schedules, control cohorts and the words of claims on the shipped airport: real sidecars, real load, real faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosmesh import Failed, Invalid, as_written, at_least, at_most, baseline, control, phase
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.judging import decide
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.session import Meshes
from chaosmesh.engine.experiment.view import MeshView, experiment
from chaosmesh.ledger import Ledger
from tests.integration.experiment.test_experiment import AIRPORT, undisturbed

pytestmark = pytest.mark.integration
PATH = "/flights/NH10"


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meshes]:
    kept = Meshes(tmp_path_factory.mktemp("runs"))
    yield kept
    kept.close()


@pytest.fixture
def live(meshes: Meshes) -> Iterator[LiveMesh]:
    found = meshes.of(Wanted((AIRPORT,)))
    yield found
    meshes.settle(found)


@pytest.fixture
def mesh(live: LiveMesh) -> MeshView:
    return experiment(live, seed=7)[0]


def test_a_schedule_breaks_and_heals_while_one_stream_goes_on(mesh: MeshView, live: LiveMesh, tmp_path: Path):
    weather = mesh.edge("flights", "weather")
    load = mesh.load(rate=150, path=PATH).through(
        phase("baseline", "2s"), phase("fault", "2s", weather.errors(503)), phase("recovery", "2s")
    )
    run = undisturbed(
        lambda: load.expect(
            success=at_least(0.95, during="baseline"),
            status_503=at_least(0.9, during="fault"),
            attempts=at_least(2.5, on=weather, during="fault"),
            recovery=at_most("500ms"),
        )
    )
    assert not live.active
    names = [one.name for one in run.facts.streams[-1].phases]
    assert names == ["baseline", "fault", "recovery"]
    (fault,) = run.facts.faults
    (span,) = fault.spans
    begin = run.facts.streams[-1].phases[1].begin_ns
    assert span.begin_ns <= begin
    run.ledger.write(tmp_path)
    again = decide(type(run.facts).from_json(run.facts.to_json()), Ledger.read(tmp_path))
    assert repr(again) == repr((run.verdict, run.reason, run.claims))


def test_a_control_cohort_shows_what_the_fault_did(mesh: MeshView):
    weather = mesh.edge("flights", "weather")
    load = mesh.load(rate=150, path=PATH, control={"x-cohort": "control"})
    with weather.errors(503, share=0.2):
        run = undisturbed(lambda: load.expect(success=at_least(control(minus=0.05))))
    print(run.evidence)
