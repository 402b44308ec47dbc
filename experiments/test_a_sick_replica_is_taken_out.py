"""A replica that says it is sick gets no more calls, and nobody notices that it went.

Every sidecar of `flights` asks each replica of `weather` how it is. The document says how often:

    "healthCheck": {"path": "/ping", "intervalMillis": 5000, "unhealthyThreshold": 2, ...}

Here one replica answers that question with a 503, and everything else as before. An answer that says "sick" needs no
second one (the threshold is for checks that get none), so it has left after one interval at the latest: 5 s, and
one second more for the sidecars to hear of it. No call fails for it, and none is made twice.
"""

import pytest

from chaosmesh import Failed, at_least, at_most


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_sick_replica_gets_no_more_calls_and_no_call_suffers(mesh):
    weather, sick = mesh.edge("flights", "weather"), mesh.node("weather").replica(0)
    with sick.sick():
        mesh.load(rate=60).expect(
            ejected=at_most("6s", on=sick),
            success=at_least(0.95),
            attempts=at_most(1.2, on=weather),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_sick_replica_is_called_on_and_that_is_noticed_without_health_checks(mesh):
    """It is known to be sick once it was asked; when the checks are switched off then, it is called again."""
    sick = mesh.node("weather").replica(0)
    with sick.sick():
        mesh.load(rate=60).expect(ejected=at_most("6s", on=sick))
        with pytest.raises(Failed):
            mesh.without("healthCheck").load(rate=60).expect(ejected=at_most("2s", on=sick))
