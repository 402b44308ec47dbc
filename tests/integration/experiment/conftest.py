"""The shipped airport as a test holds it: started once a module, as it was before for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaosmesh.engine.experiment.inputs import Wanted
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.session import Meshes
from chaosmesh.engine.experiment.view import MeshView, experiment
from tests.integration.experiment.undisturbed import AIRPORT


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
