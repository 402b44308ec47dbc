"""An overload stays when retries feed it, long after its cause is gone.

One weather replica answers 80 calls a second, and `flights` makes 50: all is well. Then the replica is slow for a second
and a half. Calls that have waited for 250 ms are given up and made again, up to twice (`maxRetries: 2`), while
the ones that were given up still stand in the replica's queue. Now 150 calls a second arrive where 80 are answered. The
replica is as quick as before, and yet nobody is answered in time: each answer comes for a call that was given up. Above
80 / 3 = 27 requests a second it never ends by itself. (Bronson and others, Metastable Failures in Distributed
Systems, HotOS 2021.)

The cure is not to have fewer retries when all is well, but when nothing is: `fixtures/airport-extended/overload.yaml` has a retry
budget. Of the calls in flight a fifth may be retries, so that 50 requests are some 60 calls, which 80 can
take, and the queue drains.
"""

import pytest

from chaosmesh import at_least, phase

OVERLOAD = "fixtures/airport-extended/overload.yaml"


def struck(mesh, after):
    """The load before, while and after the weather replica is slow."""
    return mesh.load(rate=50, entry="flights-v1").through(
        phase("baseline", "2s"),
        phase("slow", "1500ms", mesh.node("weather").overload(capacity=4)),
        phase("after", after),
    )


@pytest.mark.chaosmesh("fixtures/airport", scenario=OVERLOAD)
def test_a_retry_budget_lets_the_overload_drain(mesh):
    run = struck(mesh, "6s").expect(success=at_least(0.8, during="baseline"))
    assert run.stability.kind == "recovered"


@pytest.mark.chaosmesh("fixtures/airport", scenario=OVERLOAD)
def test_without_the_budget_it_is_stuck(mesh):
    run = struck(mesh.without("retryBudget"), "5s").expect(success=at_least(0.8, during="baseline"))
    assert run.stability.kind == "stuck"
    assert run.stability.goodput < 0.1
