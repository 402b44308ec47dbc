"""Nobody calls what the mesh does not model, until the mesh lets everything out.

`departures` has one backend, `flights`. Its program asks the weather service all the same, past `flights`. The mesh says

    "egressFilter": {"type": "DROP_ALL"}

so its sidecar knows no such host and answers 404 itself: what nobody wrote down does not happen. In
`policies/mesh-with-open-egress.json` one word is different, `ALLOW_ALL`, and the same call goes through.
"""

import pytest

from chaosmesh import Failed, at_least

PAST_FLIGHTS = {"client": "departures", "host": "weather.airport.local", "path": "/flights/NH10"}


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_program_reaches_no_service_that_is_not_its_backend(mesh):
    mesh.load(rate=120, **PAST_FLIGHTS).expect(status_404=at_least(0.95))


@pytest.mark.chaosmesh("fixtures/airport")
def test_it_does_once_the_mesh_lets_everything_out(mesh):
    opened = mesh.updated("experiments/policies/mesh-with-open-egress.json")
    opened.load(rate=120, **PAST_FLIGHTS).expect(success=at_least(0.95), status_200=at_least(0.95))


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_call_past_the_model_is_noticed_without_an_egress_filter(mesh):
    with pytest.raises(Failed):
        mesh.without("egressFilter").load(rate=120, **PAST_FLIGHTS).expect(status_404=at_least(0.95))
