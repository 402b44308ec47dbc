"""A canary of 10 % gets 10 %.

`policies/flights-route-with-a-canary-of-10-percent.json` gives the new version a tenth of the calls to `flights`:

    {"virtualNode": "flights-v1", "weight": 90},
    {"virtualNode": "flights-v2", "weight": 10}

Whoever reads errors or latencies of a canary rests on that share, so it is worth a test of its own. By luck alone a
share is seldom exact, so that some slack is allowed: of 1,100 calls on average it is clear that the share lies within 10 ± 5 points.

The second test asks the same while the airport's own document is in force, with 80 and 20: somebody forgot to put the
new one there. About 300 calls tell.
"""

import pytest

from chaosmesh import Failed, as_written, weights


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_canary_of_10_percent_gets_10_percent(mesh):
    canary = mesh.updated("experiments/policies/flights-route-with-a-canary-of-10-percent.json")
    flights = mesh.edge("departures", "flights")
    canary.load(rate=200, path="/flights/NH10").expect(split=as_written(on=flights, tolerance=0.05))


@pytest.mark.chaosmesh("fixtures/airport")
def test_another_share_is_noticed_without_the_canarys_document(mesh):
    flights = mesh.edge("departures", "flights")
    with pytest.raises(Failed):
        mesh.load(rate=200, path="/flights/NH10").expect(
            split=weights({"flights-v1": 90, "flights-v2": 10}, on=flights, tolerance=0.05)
        )
