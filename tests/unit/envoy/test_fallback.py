"""What a fallback adds to a route's retries, what its cluster holds, and which fallbacks are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaosmesh.envoy import translate
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Ejection, Fallback, HealthCheck, Retry, Target, retries_elsewhere, retry_of
from chaosmesh.mesh.fallbacks import watched
from tests.meshes import mesh, route, service, topology, workload

HIDDEN = Retry(2, None, statuses=(503,), on_reset=True, on_connect_failure=True, implicit=True)


def to_grey(*words, retry=None, protocol="http"):
    return replace(
        route("color", "all", {"blue": 1}, retry=retry, protocol=protocol),
        fallback=Fallback(Target("grey", 1), frozenset(words)),
    )


def test_a_route_without_retries_gets_one():
    for words in (("failing",), ("down",), ("failing", "down")):
        retry = retry_of(to_grey(*words))
        assert retry is not None
        assert (retry.max_retries, retry.implicit) == (1, True)
        assert (500 in retry.statuses, retry.on_connect_failure) == ("failing" in words, "down" in words)
    assert retry_of(to_grey("ejected", "unhealthy")) is None


def test_a_policy_keeps_its_numbers_and_learns_what_failing_means():
    retry = retry_of(to_grey("failing", retry=replace(HIDDEN, max_retries=7, per_try_timeout=0.5)))
    assert retry is not None
    assert (retry.max_retries, retry.per_try_timeout) == (7, 0.5)
    assert {500, 502, 503, 504, 511} <= set(retry.statuses)
    grpc = retry_of(to_grey("failing", protocol="grpc"))
    assert grpc is not None
    assert "unavailable" in grpc.grpc


@pytest.mark.parametrize(
    ("words", "retry", "elsewhere"),
    [
        (("failing",), None, True),
        (("failing", "down"), HIDDEN, True),
        (("down",), None, True),
        (("down",), Retry(2, None, on_connect_failure=True), True),
        (("down",), HIDDEN, False),
        (("ejected", "unhealthy"), HIDDEN, False),
    ],
)
def test_only_what_the_words_say_is_tried_elsewhere(words, retry, elsewhere):
    rule = to_grey(*words, retry=retry)
    assert retries_elsewhere(rule) is elsewhere
    assert watched(rule) is ("down" in words and not elsewhere)


def cluster(*words, replicas=2, **blue):
    made = mesh(
        [workload("front", "color"), workload("blue", **blue), workload("grey")],
        [service("color", to_grey(*words, retry=HIDDEN))],
    )
    places = topology(made, "127.98", replicas={"blue": replicas})
    (found,) = (
        one for name, one in translate(made, places)["front.0"].clusters.items() if "_fallback_" in name
    )
    return found


@pytest.mark.parametrize(
    ("words", "percent", "replicas", "allowed"),
    [
        (("ejected",), 100, 2, 2),
        (("ejected",), 50, 4, 2),
        (("ejected",), 10, 3, 1),
        (("failing",), 100, 3, 2),
        (("failing",), 100, 1, 0),
    ],
)
def test_ejection_counts_the_arms_own_replicas(words, percent, replicas, allowed):
    found = cluster(*words, replicas=replicas, ejection=Ejection(3, 1, 1, percent))
    if not allowed:
        assert "outlier_detection" not in found
        return
    most, total = found["outlier_detection"]["max_ejection_percent"], replicas + 1
    assert [100 * (n + 1) / total <= most for n in range(allowed + 1)] == [True] * allowed + [False]


def test_a_health_check_moves_calls_only_with_its_word():
    check = HealthCheck("http", 2, 2, 5, 2, "/ping")
    assert "health_checks" not in cluster("failing", health=check)
    assert "http_health_check" in cluster("unhealthy", health=check)["health_checks"][0]
    assert "tcp_health_check" in cluster("down", health=check)["health_checks"][0]
    assert "http_health_check" in cluster("down", "unhealthy", health=check)["health_checks"][0]


@pytest.mark.parametrize(
    ("grey", "told"),
    [
        (workload("grey", port=9090), "'grey' doesn't listen there"),
        (workload("grey", protocol="http2"), "'grey' speaks http2, 'blue' http"),
        (workload("other"), "'grey' doesn't listen there"),
    ],
)
def test_a_fallback_that_can_not_take_the_calls_is_refused_with_its_place(grey, told):
    rule = replace(to_grey("failing"), fallback=Fallback(Target("grey", 1, 8080), frozenset({"failing"})))
    made = mesh([workload("front", "color"), workload("blue"), grey], [service("color", rule)])
    with pytest.raises(UsageError, match=told) as caught:
        translate(made, topology(made, "127.98"))
    assert "mesh.yaml:1:1" in str(caught.value)


def test_an_arm_that_is_the_fallback_itself_has_none():
    rule = replace(route("color", "all", {"grey": 1}), fallback=to_grey("failing").fallback)
    made = mesh([workload("front", "color"), workload("grey")], [service("color", rule)])
    assert set(translate(made, topology(made, "127.98"))["front.0"].endpoints) == {
        "cds_egress_test_grey_http_8080"
    }
