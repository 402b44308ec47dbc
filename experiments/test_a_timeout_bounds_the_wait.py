"""A timeout bounds the wait.

The weather service is so slow that waiting for it is of no use: each answer comes 4 s late. Whoever asks it through
the route is told so after 2 s, with a 504, because the route says:

    "timeout": {"perRequest": {"value": 2, "unit": "s"}}

A timeout makes no answer come. What it gives is a bound: nobody waits for longer, and what waits does not pile up.
At 100 calls a second 2 × 100 = 200 of them wait at a time, instead of 4 × 100 = 400.

The same route also bounds each try, by 250 ms, which would end everything before the 2 s are over. So the tests leave
that part out. Users come in at `flights`, which asks the weather service and hands its 504 on.
"""

import pytest

from chaosmesh import Failed, around, at_least, at_most


@pytest.mark.chaosmesh("fixtures/airport")
def test_nobody_waits_for_longer_than_the_timeout(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.delay("4s"):
        mesh.without("perRetryTimeout").load(rate=100, path="/flights/NH10", entry="flights-v1").expect(
            cutoff=around("2s", "500ms", margin=0.04, on=weather),
            status_504=at_least(0.95),
            p95=at_most("3s"),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_long_wait_is_noticed_without_the_timeout(mesh):
    patient = mesh.without("perRetryTimeout").without("timeout")
    with mesh.edge("flights", "weather").delay("4s"), pytest.raises(Failed):
        patient.load(rate=100, count=250, path="/flights/NH10", entry="flights-v1").expect(p95=at_most("3s"))
