"""An alert stays quiet.

Whoever runs an airport has alerts already, and they are written in PromQL. This one pages somebody when more than six
passengers in a hundred get an error:

    sum(rate(envoy_http_downstream_rq_xx{…}[$window])) / sum(rate(envoy_http_downstream_rq_total{…}[$window])) > 0.06

The weather service answers three attempts in ten with a 503. The route to it says `maxRetries: 2`, so hardly a call fails,
and nobody is woken. Without any retries it is three passengers in ten.

The query is asked of a real Prometheus server that scrapes the sidecars while the load goes on, under the names that a
dashboard knows; `$window` is the length of the load. A counter that is still 0 is not scraped, hence the `or vector(0)`.
It is judged by its value at the end, once: beside it stands what a sequential test says of the same passengers.
Prometheus must be installed (`apt-get install prometheus`).
"""

import pytest

from chaosmesh import Failed, at_least, at_most, promql

PASSENGERS = 'virtual_node="departures",envoy_http_conn_manager_prefix!="egress"'
ERRORS = (
    f'(sum(rate(envoy_http_downstream_rq_xx{{{PASSENGERS},envoy_response_code_class="5"}}[$window])) or vector(0)) '
    f"/ sum(rate(envoy_http_downstream_rq_total{{{PASSENGERS}}}[$window]))"
)


@pytest.mark.chaosmesh("fixtures/airport")
def test_two_retries_keep_the_alert_quiet(mesh):
    with mesh.edge("flights", "weather").errors(503, share=0.3):
        mesh.load(rate=60, path="/flights/NH10", duration="8s").expect(
            alert=promql(ERRORS, at_most(0.06)), success=at_least(0.9)
        )


@pytest.mark.chaosmesh("fixtures/airport")
def test_the_alert_fires_without_them(mesh):
    plain = mesh.without("retryPolicy")
    with mesh.edge("flights", "weather").errors(503, share=0.3), pytest.raises(Failed) as error:
        plain.load(rate=60, path="/flights/NH10", duration="8s").expect(alert=promql(ERRORS, at_most(0.06)))
    assert error.value.run.claims[0].decision.observed > 0.2
