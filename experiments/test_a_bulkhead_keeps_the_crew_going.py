"""A bulkhead keeps the crew going while passengers flood the airport.

Passengers go to `flights-v1` (80 %) and `flights-v2` (20 %), the crew always to `flights-v2`; both ask the same two
replicas of `weather`, which have slowed down to 40 answers a second each. 120 passengers and 30 crew members a second
are more than these 80, so the queue at the weather service would grow by 0.9 s each second, for everybody; the route to
it allows a call 2 s (`"perRequest": {"value": 2, "unit": "s"}`), and after the third second nobody would be served.
`policies/flights-v1-with-connection-pool.json` says

    "connectionPool": {"http": {"maxConnections": 1, "maxPendingRequests": 1}}

so `flights-v1` works on one request at a time, lets one more wait and refuses the others at once (Envoy's flag UO).
However many passengers come, it brings one call to the weather service at a time. All others, 24 passengers and 30 of
the crew a second through `flights-v2`, are well below 80.

Nobody retries here: who is refused is to stay away, not to come again.
"""

import pytest

from chaosmesh import Failed, at_least, request

PASSENGERS, CREW = "passengers", "crew"
EVERYBODY = [
    request("/flights/NH10", name=PASSENGERS, weight=4),
    request("/flights/NH10", name=CREW, weight=1, headers={"x-role": "crew"}),
]


@pytest.mark.chaosmesh("fixtures/airport")
def test_passengers_are_refused_early_and_the_crew_is_served(mesh):
    flights = mesh.edge("departures", "flights")
    bulkhead = mesh.updated("experiments/policies/flights-v1-with-connection-pool.json")
    with mesh.node("weather").overload(capacity=40):
        bulkhead.without("retryPolicy").load(rate=150, mix=EVERYBODY).expect(
            success=at_least(0.6, of=CREW),
            overflow=at_least(0.2, of=PASSENGERS, on=flights),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_the_flood_reaches_the_crew_and_that_is_noticed_without_circuit_breakers(mesh):
    open_to_all = mesh.without("retryPolicy").without("circuitBreaker")
    with mesh.node("weather").overload(capacity=40), pytest.raises(Failed):
        open_to_all.load(rate=150, mix=EVERYBODY).expect(success=at_least(0.6, of=CREW))
