"""The control plane is away, and the airport goes on by the last policy that it was told.

The control plane tells the sidecars the policy, and takes no part in a request. So when it is gone nothing changes for
passengers, and nothing changes at all: a new policy, such as `policies/flights-route-with-more-v2.json`, which turns
the weights of `flights-route` around (20 : 80 instead of 80 : 20), is in force only once it is back.

Sidecars know the policy by heart, and that is all there is of it: one that dies meanwhile can't be told it again.
"""

import pytest

from chaosmesh import Failed, at_least, phase, weights
from chaosmesh.errors import NotInForceError

MORE_OF_V2 = "experiments/policies/flights-route-with-more-v2.json"


@pytest.mark.chaosmesh("fixtures/airport")
def test_passengers_do_not_notice_that_the_control_plane_is_away(mesh):
    mesh.load(rate=120).through(
        phase("there", "500ms"), phase("away", "2s", mesh.control_plane.kill()), phase("back", "500ms")
    ).expect(success=at_least(0.95))


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_new_policy_waits_until_the_control_plane_is_back(mesh):
    flights = mesh.edge("departures", "flights")
    with mesh.control_plane.kill():
        with pytest.raises(NotInForceError):
            mesh.apply(MORE_OF_V2)
        mesh.load(rate=120).expect(
            split=weights({"flights-v1": 80, "flights-v2": 20}, on=flights, tolerance=0.2)
        )
    mesh.apply(MORE_OF_V2)
    mesh.load(rate=120).expect(split=weights({"flights-v1": 20, "flights-v2": 80}, on=flights, tolerance=0.2))


@pytest.mark.chaosmesh("fixtures/airport")
def test_sidecars_that_forgot_their_policy_are_noticed(mesh):
    one, other = (mesh.node("weather").replica(index).sidecar for index in (0, 1))
    with one.crash(), other.crash(), mesh.control_plane.kill(), pytest.raises(Failed):
        mesh.load(rate=60).expect(success=at_least(0.95))
