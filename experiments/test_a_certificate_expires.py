"""The certificate of the weather service expires, and whoever verifies it is protected, at a price.

With the documents in `policies/mutual-tls` everybody shows a certificate and asks for one. `flights` says

    "clientPolicy": {"tls": {"enforce": true, "validation": {"trust": ...}, "certificate": ...}}

and `weather` takes nothing but TLS (`"mode": "STRICT"`), from clients whose certificate it believes. Then its own one
expires. `flights` refuses every new connection, the open ones are cut, and passengers get a 503: that is what
verification is for. Once there is a new one they are served again. (Without retries, which would only make passengers
wait for the same answer.)

Those who don't verify notice nothing, and would notice nothing either if somebody else answered for the weather service.
"""

import pytest

from chaosmesh import Failed, at_least, at_most, phase

POLICIES = "experiments/policies/mutual-tls"


@pytest.mark.chaosmesh("fixtures/airport")
def test_an_expired_certificate_is_refused_until_there_is_a_new_one(mesh):
    mutual = mesh.updated(
        *(f"{POLICIES}/{node}-node.json" for node in ("weather", "flights-v1", "flights-v2"))
    )
    mutual.without("retryPolicy").load(rate=100).through(
        phase("valid", "1500ms"),
        phase("expired", "1500ms", mesh.node("weather").certificate("expired")),
        phase("renewed", "2s"),
    ).expect(
        success=at_least(0.8, during="valid"),
        status_503=at_least(0.8, during="expired"),
        recovery=at_most("2s"),
    )


@pytest.mark.chaosmesh("fixtures/airport")
def test_a_client_that_does_not_verify_is_noticed(mesh):
    """`flights-v1` has no client policy here: it speaks TLS because `weather` does, and believes whatever it is shown.
    Four passengers in five go that way, so under an expired certificate only one in five is refused."""
    mesh.apply(
        f"{POLICIES}/weather-node-that-asks-for-no-certificate.json", f"{POLICIES}/flights-v2-node.json"
    )
    with mesh.node("weather").certificate("expired"), pytest.raises(Failed):
        mesh.without("retryPolicy").load(rate=100).expect(status_503=at_least(0.8))
