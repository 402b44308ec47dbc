"""A bad replica is left alone for a while, and then gets another chance.

Two replicas of `weather` share the calls from `flights`. One of them begins to answer everything with a 503. The airport
as it is goes on asking it: half of all calls meet it first and cost a retry. The changed document
`policies/weather-with-outlier-detection.json` says

    "outlierDetection": {"maxServerErrors": 5, "interval": {"value": 500, "unit": "ms"},
                         "baseEjectionDuration": {"value": 2, "unit": "s"}, "maxEjectionPercent": 50}

so each sidecar of `flights` stops asking it after five errors in a row. `flights-v2` gets a fifth of 100 calls a second
and half of those meet the bad replica: five take it half a second. Sidecars may hear of it a second later, hence 2 s.

It is asked again 2 s after it left, at the next look (every 0.5 s). Is it still bad, it leaves again, this time for
2 × 2 s; after it is well again it therefore gets calls within 2 × 2 + 0.5 + 1 = 5.5 s.
"""

import pytest

from chaosmesh import Failed, at_least, at_most, phase

WATCHED = "experiments/policies/weather-with-outlier-detection.json"


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_bad_replica_is_left_alone_and_asked_again_when_it_is_well(mesh):
    weather, bad = mesh.edge("flights", "weather"), mesh.node("weather").replica(0)
    errors = weather.errors(503, replica=0)
    mesh.updated(WATCHED).load(rate=100).through(
        phase("well", "1s"), phase("bad", "2s", errors), phase("well again", "3s")
    ).expect(
        ejected=at_most("2s", on=bad),
        returned=at_most("5.5s", on=bad),
        success=at_least(0.95),
    )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_bad_replica_that_stays_is_noticed_without_outlier_detection(mesh):
    bad = mesh.node("weather").replica(0)
    with mesh.edge("flights", "weather").errors(503, replica=0), pytest.raises(Failed):
        mesh.updated(WATCHED).without("outlierDetection").load(rate=100).expect(ejected=at_most("2s", on=bad))
