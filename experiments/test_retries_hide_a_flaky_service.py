"""Two retries hide a flaky service, and cost half a call more.

Passengers ask `departures`, which asks `flights`, which asks `weather`. Here the weather service answers three
attempts in ten with a 503. The route to it says `maxRetries: 2`, so a call fails only if three attempts in a
row do: 0.3 × 0.3 × 0.3 = 2.7 %. The price: 1 + 0.3 + 0.3 × 0.3 = 1.39 attempts a call.

Run it with `pytest experiments/`. It starts real sidecars, sends real load, and stops as soon as every
expectation is decided.
"""

import pytest

from chaosmesh import Failed, at_least, at_most


@pytest.mark.chaosmesh("fixtures/airport")
def test_two_retries_hide_a_flaky_weather_service(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.errors(503, share=0.3):
        mesh.load(rate=200, path="/flights/NH10").expect(
            success=at_least(0.95),
            p99=at_most("300ms"),
            attempts=at_most(1.5, on=weather),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_weather_service_without_retries_is_noticed(mesh):
    with mesh.edge("flights", "weather").errors(503, share=0.3), pytest.raises(Failed):
        mesh.without("retryPolicy").load(rate=100, entry="flights-v1").expect(success=at_least(0.95))
