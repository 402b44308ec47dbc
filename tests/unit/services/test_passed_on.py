"""Which headers a stand-in passes on, so that a trace goes on through it."""

from __future__ import annotations

import pytest

from chaosmesh.services.asking import Ask, nothing


@pytest.mark.parametrize(
    "name",
    [
        "traceparent",
        "tracestate",
        "baggage",
        "b3",
        "x-b3-traceid",
        "x-b3-sampled",
        "x-amzn-trace-id",
        "x-request-id",
    ],
)
def test_the_headers_of_every_tracer_are_passed_on(name):
    assert Ask("GET", "/", {name: "v", "accept": "*/*", "x-envoy-attempt-count": "2"}, nothing).context() == {
        name: "v"
    }
