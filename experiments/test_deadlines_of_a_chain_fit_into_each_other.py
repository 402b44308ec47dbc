"""The deadlines of a chain fit into each other, so that nobody works for a caller who has gone.

`departures` asks `flights`, which asks `weather`. Two routes say how long that may take:

    flights-route  "perRetryTimeout": {"value": 1, "unit": "s"}
    weather-route  "perRetryTimeout": {"value": 250, "unit": "ms"},  "maxRetries": 2

The inner call takes at most 3 × 250 ms = 750 ms, and some moments between its tries. That is less than the second after
which `departures` gives up: whenever it does, nothing is under way below.

Here one of the two weather replicas answers 3 s late, so that deadlines are met at all. And applications seldom hear at
once that their caller has gone: `slow_close` lets that news take 2 s from `departures` to `flights`.

With the document `policies/weather-route-with-longer-deadlines.json` an inner try may take 2 s, longer than the outer one:

    "perRetryTimeout": {"value": 2, "unit": "s"}

Each call that meets the slow replica is then given up by `departures` after one second, while `flights` waits for another,
and then asks the other replica too: two attempts for nobody. Passengers hardly notice, since `departures` tries again;
who pays is the weather service.
"""

import pytest

from chaosmesh import Failed, at_least, at_most

LONGER = "experiments/policies/weather-route-with-longer-deadlines.json"


@pytest.mark.chaosmesh("fixtures/airport")
def test_no_work_is_left_behind_where_inner_deadlines_are_the_shorter_ones(mesh):
    weather, flights = mesh.edge("flights", "weather"), mesh.edge("departures", "flights")
    with weather.delay("3s", replica=0), flights.slow_close("2s", stream="upstream"):
        mesh.load(rate=50, path="/flights/NH10").expect(
            orphans=at_most(0.1, on=weather),
            success=at_least(0.95),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_orphaned_work_is_noticed_without_deadlines_that_fit(mesh):
    weather, flights = mesh.edge("flights", "weather"), mesh.edge("departures", "flights")
    with weather.delay("3s", replica=0), flights.slow_close("2s", stream="upstream"), pytest.raises(Failed):
        mesh.updated(LONGER).load(rate=100, path="/flights/NH10").expect(orphans=at_most(0.1, on=weather))
