"""One of two sidecars of the weather service dies, and no passenger notices.

Nobody listens where the dead sidecar was, so half of the calls from `flights` are refused there. The route says

    "retryPolicy": {"maxRetries": 2, "tcpRetryEvents": ["connection-error"], ...}

and a retry takes the next replica. With `policies/weather-with-outlier-detection.json` on top, five refusals in a row
are enough and it isn't tried at all for 2 s, then 4 s, then 6 s; a sidecar that is started anew is told its policy, and
gets calls when that time is over.
"""

import pytest

from chaosmesh import Failed, at_least, at_most, phase


@pytest.mark.chaosmesh("fixtures/airport")
def test_passengers_do_not_notice_that_one_of_two_weather_sidecars_dies(mesh):
    with mesh.node("weather").replica(0).sidecar.crash():
        mesh.load(rate=120).expect(success=at_least(0.95))


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_sidecar_that_is_started_anew_is_taken_up_again(mesh):
    weather = mesh.node("weather").replica(0)
    mesh.updated("experiments/policies/weather-with-outlier-detection.json").load(rate=100).through(
        phase("well", "1s"), phase("dead", "2s", weather.sidecar.crash()), phase("well again", "3s")
    ).expect(
        ejected=at_most("2s", on=weather),
        returned=at_most("5.5s", on=weather),
        success=at_least(0.95),
    )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_dead_sidecar_is_noticed_without_retries(mesh):
    with mesh.node("weather").replica(0).sidecar.crash(), pytest.raises(Failed):
        mesh.without("retryPolicy").load(rate=120).expect(success=at_least(0.95))
