"""What a stand-in passes on to its backends."""

from __future__ import annotations

from chaosmesh.services.asking import Ask, nothing


def test_what_the_application_was_told_of_its_user_is_passed_on_and_what_sidecars_say_is_not():
    headers = {
        "X-Role": "crew",
        "x-request-id": "1",
        "x-chaosmesh-lineage": "1",
        "x-standin": "weather=hang",
        "x-chaosmesh-call": "2",
        "x-envoy-attempt-count": "1",
        "x-forwarded-proto": "http",
        "accept": "*/*",
    }
    ask = Ask("GET", "/", headers, nothing)
    passed = ask.context()
    assert passed["x-role"] == "crew"
    assert {"x-request-id", "x-chaosmesh-lineage", "x-standin"} <= passed.keys()
    assert not {"x-chaosmesh-call", "x-envoy-attempt-count", "x-forwarded-proto", "accept"} & passed.keys()
