"""An overload in an experiment: stuck without a cure, recovered with one, and told so by the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaosmesh import Invalid, Run, at_least, phase
from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.session import Meshes
from chaosmesh.engine.experiment.view import MeshView, experiment
from tests.e2e.documents import chain

pytestmark = pytest.mark.integration

SCENARIO = """
workloads:
  database: {capacity: 80, replicas: 1}
retry_budgets:
  - {to: database, percent: 20, at_least: 3}
"""
RETRY = {
    "maxRetries": 1,
    "perRetryTimeout": {"unit": "ms", "value": 400},
    "httpRetryEvents": ["gateway-error"],
}
TRIES = 3
RATE = 50
"""Above half of the capacity: with everybody coming twice 100 a second meet a server of 80."""


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Meshes, Wanted]]:
    folder = tmp_path_factory.mktemp("metastable")
    (folder / "documents").mkdir()
    chain(folder / "documents", ["front", "database"], retry=RETRY)
    (folder / "chaosmesh.yaml").write_text(f"mesh: documents{SCENARIO}")
    kept = Meshes(folder / "runs")
    yield kept, Wanted((folder,))
    kept.close()


@pytest.fixture
def mesh(meshes: tuple[Meshes, Wanted]) -> Iterator[MeshView]:
    """As every test gets it: what is left of the test before is gone, its queue too."""
    kept, wanted = meshes
    live = kept.of(wanted)
    yield experiment(live, seed=7)[0]
    kept.settle(live)


def overloaded(mesh: MeshView) -> Run:
    """Once more where users were not well to begin with: a stall of the host's own is an overload too.

    A late generator or a busy host makes the claim invalid; what became of the queue is as sure as before.
    """
    for _ in range(TRIES):
        mesh.session.live.call(mesh.session.live.restore())
        try:
            run = once(mesh)
        except Invalid as error:
            run = error.run
        if run.stability is not None and run.stability.before > 0.9:
            return run
    pytest.skip(f"the host was too busy in each of {TRIES} tries: {run.reason}")


def once(mesh: MeshView) -> Run:
    load = mesh.load(rate=RATE).through(
        phase("baseline", "2s"),
        phase("trigger", "1500ms", mesh.node("database").overload(capacity=4)),
        phase("recovery", "6s"),
    )
    return load.expect(success=at_least(0.5, during="baseline"))


def test_stuck_without_a_cure(mesh: MeshView) -> None:
    run = overloaded(mesh.without("retryBudget"))
    assert run.stability is not None
    assert run.stability.kind == "stuck"
    assert "never ends by itself" in run.evidence


def test_recovered_with_a_budget_of_retries(mesh: MeshView) -> None:
    run = overloaded(mesh)
    assert run.stability is not None
    assert run.stability.kind == "recovered"
    assert run.as_json()["stability"]["kind"] == "recovered"
