"""Nodes, replicas, sidecars and the control plane in a test's hands, on the shipped airport."""

from __future__ import annotations

import pytest

from chaosmesh import Invalid, at_least
from chaosmesh.engine.experiment.live import LiveMesh
from chaosmesh.engine.experiment.view import MeshView
from chaosmesh.errors import NotInForceError, UsageError
from tests.integration.experiment.undisturbed import undisturbed

pytestmark = pytest.mark.integration


def loaded(mesh: MeshView):
    return undisturbed(
        lambda: mesh.load(rate=60, path="/flights/NH10").expect(success=at_least(0.9), budget="15s")
    )


def test_faults_on_processes_and_on_the_control_plane_nest_and_say_what_they_did(
    mesh: MeshView, live: LiveMesh
):
    weather = mesh.node("weather")
    with weather.replica(1).crash(), mesh.control_plane.kill():
        run = loaded(mesh)
    crashed, killed = run.faults
    assert "crash on weather.1: acted once (weather.1 its application ended" in crashed
    assert "kill on the control plane: acted 5 times" in killed
    assert not run.predicted
    # NotHealedError if anything of them were left; how soon hosts are called again is the machine's.
    live.call(live.restore())


def test_a_stale_control_plane_without_a_push_is_invalid_and_with_one_it_is_not(mesh: MeshView):
    with mesh.control_plane.stale():
        with pytest.raises(Invalid, match="nothing was pushed meanwhile"):
            mesh.load(rate=60, path="/flights/NH10").expect(success=at_least(0.9), budget="4s")
        with pytest.raises(NotInForceError), mesh.edge("flights", "weather").errors(503):
            pass
        assert "held back 1 pushes" in loaded(mesh).faults[0]


def test_what_a_node_does_not_have_is_told_with_what_it_has(mesh: MeshView):
    weather, flights = mesh.node("weather"), mesh.node("flights")
    with pytest.raises(UsageError, match="weather has no replica 9") as error:
        weather.replica(9)
    assert "it has 0, 1" in error.value.hint
    with pytest.raises(UsageError, match=r"a replica of flights-v\d and flights-v\d"):
        flights.replica(0)
    with pytest.raises(UsageError, match="makes weather show a certificate"), weather.certificate("expired"):
        pass
    with pytest.raises(UsageError, match="last replica of flights-v1"):
        mesh.node("flights-v1").replica(0).remove().__enter__()
