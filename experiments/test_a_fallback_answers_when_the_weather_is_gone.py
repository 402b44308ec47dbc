"""A fallback answers when the weather service is gone.

Passengers ask `departures`, which asks `flights`, which asks `weather`. In `fixtures/airport-extended` there is also
a weather archive: yesterday's forecast is better than no flight plan. The scenario file says when it is asked:

    fallbacks:
      - {route: weather-route, to: weather-archive, when: [failing, down]}

So an attempt that fails is made again at the archive, and a call costs two attempts instead of an error. Each test
asks twice: with the fallback, and without it. The second answer is the proof that nothing else saved the passengers.
"""

import pytest

from chaosmesh import Failed, at_least, at_most

FAULTS = {
    "failing": lambda edge: edge.errors(503),
    "down": lambda edge: edge.down(),
}


@pytest.mark.chaosmesh("fixtures/airport-extended")
@pytest.mark.parametrize("state", FAULTS)
def test_the_archive_answers_for_a_weather_service_that_is(mesh, state):
    weather = mesh.edge("flights", "weather")
    with FAULTS[state](weather):
        run = mesh.load(rate=60).expect(success=at_least(0.95), attempts=at_most(2.5, on=weather))
        with pytest.raises(Failed):
            mesh.without("fallback").load(rate=25, entry="flights-v1").expect(success=at_least(0.95))
    assert run.predicted["success"] == 1.0


@pytest.mark.chaosmesh("fixtures/airport-extended", scenario="fixtures/airport-extended/when-ejected.yaml")
def test_the_archive_answers_while_every_weather_replica_is_ejected(mesh):
    """Nobody tries again at the archive here. After five errors in a row a replica is left alone for a while; once
    both are, the archive gets all calls. What fails before that, and each time a replica is let in again, shows."""
    with mesh.edge("flights", "weather").errors(503):
        mesh.load(rate=60).expect(success=at_least(0.9))
        with pytest.raises(Failed):
            mesh.without("fallback").load(rate=25, entry="flights-v1").expect(success=at_least(0.9))
