"""Lines for CloudWatch, held against the rules of the embedded metric format.

Rules: CloudWatch user guide, "Specification: Embedded metric format" (root node, metadata object, MetricDirective,
DimensionSet, MetricDefinition, target members).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from chaosmesh.engine.metrics import emf
from chaosmesh.ledger import Attempt, Call
from chaosmesh.runtime.prometheus import Series
from tests.golden.prometheus.test_prometheus_golden import gateway

NODE = {"Mesh": "test", "VirtualNode": "blue"}
EDGE = {
    "Mesh": "test",
    "VirtualGateway": "door",
    "TargetVirtualService": "color",
    "TargetVirtualNode": "blue",
}
UNITS = {"Count", "Bytes", "Milliseconds"}
S = 1_000_000_000


def series(name: str, labels: dict[str, str], *samples: tuple[float, float]) -> Series:
    return Series({"__name__": f"envoy_appmesh_{name}", **labels, "replica": "0"}, samples)


def call(count: int, at_s: int, status: int = 200) -> Call:
    tries = tuple(Attempt(n + 1, "blue", 0, at_s * S, 12.5, status, matched=True) for n in range(count))
    return Call("door", "color", "c", "r", 1, "", at_s * S, 12.5, status, (), "", "", "", tries)


def lines(*found: Series, calls: tuple[Call, ...] = (), begin: float = 100.0) -> list[dict[str, Any]]:
    texts = list(emf.lines(gateway(), found, calls, begin))
    for one in texts:
        assert "\n" not in one
        check(json.loads(one))
    return [json.loads(one) for one in texts]


def check(root: dict[str, Any]) -> None:
    """Every MUST of the specification that can be seen in one document."""
    meta = root["_aws"]
    assert set(meta) == {"Timestamp", "CloudWatchMetrics"}
    assert type(meta["Timestamp"]) is int
    for directive in meta["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= 255
        for names in directive["Dimensions"]:
            assert 1 <= len(names) <= 30
            assert all(isinstance(root[one], str) and 1 <= len(root[one]) <= 1024 for one in names)
        assert 1 <= len(directive["Metrics"]) <= 100
        for one in directive["Metrics"]:
            assert set(one) <= {"Name", "Unit", "StorageResolution"}
            assert one["Unit"] in UNITS
            assert one["StorageResolution"] in (1, 60)
            value = root[one["Name"]]
            several = value if isinstance(value, list) else [value]
            assert 1 <= len(several) <= 100
            assert all(isinstance(each, int | float) and not isinstance(each, bool) for each in several)


def test_a_counter_becomes_what_each_second_brought():
    found = lines(series("RequestCount", NODE, (101.2, 5), (102.2, 9), (103.2, 9), (104.2, 3)))
    assert [(one["_aws"]["Timestamp"], one["envoy_appmesh_RequestCount"]) for one in found] == [
        (102_000, 4),
        (104_000, 3),  # its sidecar began anew
    ]
    assert found[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Mesh", "VirtualNode"]]
    assert (found[0]["Mesh"], found[0]["VirtualNode"]) == ("test", "blue")


def test_a_counter_that_comes_later_began_at_nothing():
    found = lines(series("RequestCount", NODE, (110.5, 5), (111.5, 6)))
    assert [one["envoy_appmesh_RequestCount"] for one in found] == [5, 1]


def test_replicas_are_added_up():
    one = series("RequestCount", NODE, (110.5, 5))
    other = Series({**one.labels, "replica": "1"}, ((110.7, 2),))
    assert [each["envoy_appmesh_RequestCount"] for each in lines(one, other)] == [7]


def test_a_gauge_stays_what_it_is():
    found = lines(series("ActiveConnectionCount", NODE, (101.2, 5), (102.2, 4)))
    assert [one["envoy_appmesh_ActiveConnectionCount"] for one in found] == [5, 4]


def test_response_times_come_from_the_ledger_a_hundred_at_a_time():
    found = lines(
        series("RequestCountPerTarget", EDGE, (110.0, 250)), calls=(call(250, 110), call(2, 111, status=0))
    )
    assert [len(one["envoy_appmesh_TargetResponseTime"]) for one in found] == [100, 100, 50]
    assert found[0]["envoy_appmesh_RequestCountPerTarget"] == 250
    assert "envoy_appmesh_RequestCountPerTarget" not in found[1]
    assert set(found[0]["envoy_appmesh_TargetResponseTime"]) == {12.5}
    assert found[0]["TargetVirtualService"] == "color"
    assert {one["Name"]: one["Unit"] for one in found[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"]} == {
        "envoy_appmesh_RequestCountPerTarget": "Count",
        "envoy_appmesh_TargetResponseTime": "Milliseconds",
    }


def test_seconds_in_which_nothing_happened_are_left_out():
    assert lines(series("RequestCount", NODE, (101.0, 5), (102.0, 5))) == []


def test_connections_have_no_response_time():
    assert lines(calls=(replace(call(1, 110), tcp=True),)) == []


def test_histograms_of_the_server_are_not_told_twice():
    assert lines(series("TargetResponseTime_sum", EDGE, (110.0, 250))) == []
