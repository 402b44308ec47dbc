"""A new version that is worse is taken back before most passengers meet it.

`flights-v2` is new. By the weights of the route `flights-route` it gets 20 % of the calls from `departures`, then half,
then all of them. Each step is judged while it lasts: of the calls that the new version gets, at most five in a hundred
fewer may succeed than of those that the old version gets at the same time. Both share whatever else goes wrong, so a bad
minute of the machine is not taken for a bad version.

In the first test the new version is as good as the old one, and ends with all of the traffic. In the second it
answers half of its calls with a 500, which the route does not try again (`httpRetryEvents: [gateway-error]`): some
twenty of its calls are enough to tell, and the old weights are in force again at once.
"""

import pytest

from chaosmesh import at_least, control

STEPS = {"to": "flights-v2", "steps": (20, 50, 100), "bake": "500ms"}


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_good_version_gets_all_passengers(mesh):
    shift = mesh.canary("flights-router/flights-route", success=at_least(control(minus=0.05)), **STEPS)
    assert shift.run(rate=150).promoted


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_bad_version_is_taken_back_at_its_first_step(mesh):
    shift = mesh.canary("flights-router/flights-route", success=at_least(control(minus=0.05)), **STEPS)
    with mesh.edge("departures", "flights-v2").errors(500, share=0.5):
        found = shift.run(rate=150)
    assert found.taken_back
    assert found.steps[-1].weight == 20
    assert found.hurt < 100, "passengers who met the bad version and felt it"
    assert found.back.strays == 0, "calls that still met it after the way back"
