"""A shift back is instant, also under load.

Something is odd about the new version, and nobody wants to know what before it is gone. Half of the calls to `flights` go to
`flights-v2`; then its weight is 0 again, as `policies/flights-route-without-the-new-version.json` says:

    {"virtualNode": "flights-v1", "weight": 100},
    {"virtualNode": "flights-v2", "weight": 0}

No process starts or stops for that. The sidecars are told, and from the moment when the last one has acknowledged, no call takes the
old way: `shift` is the time until the last one that does. Calls under way are finished where they are, so no passenger sees an error.

In the second test the control plane is stale: what is pushed reaches no sidecar. The shift back is refused with an
error, and half of the calls still meet the new version, which the same claim tells.
"""

import pytest

from chaosmesh import Failed, at_least, at_most, phase, weights
from chaosmesh.errors import NotInForceError

HALF = "experiments/policies/flights-route-with-half-of-the-calls.json"
BACK = "experiments/policies/flights-route-without-the-new-version.json"
ALL_OLD = {"flights-v1": 1}


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_shift_back_takes_no_time_and_costs_no_request(mesh):
    flights = mesh.edge("departures", "flights")
    mesh.apply(BACK)
    users = mesh.load(rate=120, path="/flights/NH10")
    users.through(phase("canary", "1s", mesh.updated(HALF)), phase("back", "3s")).expect(
        shift=at_most("500ms", on=flights),
        split=weights(ALL_OLD, on=flights, during="back", tolerance=0.05),
        success=at_least(0.95),
    )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_shift_back_that_never_arrives_is_noticed_without_a_working_control_plane(mesh):
    flights = mesh.edge("departures", "flights")
    mesh.apply(HALF)
    with mesh.control_plane.stale():
        with pytest.raises(NotInForceError):
            mesh.apply(BACK)
        with pytest.raises(Failed):
            mesh.load(rate=120, path="/flights/NH10").expect(split=weights(ALL_OLD, on=flights))
