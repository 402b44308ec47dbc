"""A timeout per try saves passengers from a slow replica.

There are two copies of the weather service, and one of them has become slow: everything that it answers comes 1.5 s
late. Calls go to the two by turns. The route to the weather service says how long one try may take:

    "perRetryTimeout": {"value": 250, "unit": "ms"}

So a call that meets the slow copy is given up after 250 ms and made again, at the other copy, which answers at once.
Nobody waits for 1.5 s. The price: a second try takes the good copy's turn, so that the next call gets the slow one again.
Thus not five calls in ten meet it but about six, each of them two attempts: 1.6 attempts a call, and never more than 2.

Without a timeout per try each second passenger waits for his answer, all 1.5 s of it, and p90 shows it.
"""

import pytest

from chaosmesh import Failed, at_least, at_most


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_call_that_meets_the_slow_replica_is_made_again_at_the_other(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.delay("1500ms", replica=0):
        mesh.load(rate=150, path="/flights/NH10").expect(
            success=at_least(0.95),
            p90=at_most("1s"),
            attempts=at_most(1.9, on=weather),
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_slow_replica_is_noticed_without_the_timeout_per_try(mesh):
    with mesh.edge("flights", "weather").delay("1500ms", replica=0), pytest.raises(Failed):
        mesh.without("perRetryTimeout").load(rate=150, path="/flights/NH10").expect(p90=at_most("1s"))
