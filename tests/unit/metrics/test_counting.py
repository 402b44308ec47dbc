"""What we count ourselves, as Prometheus reads it."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from chaosmesh.engine.metrics.appmesh import TargetCounts
from chaosmesh.engine.metrics.counting import Policy, Requests, exposed
from chaosmesh.engine.metrics.text import escaped, number
from chaosmesh.envoy import AccessRow, Push
from chaosmesh.ledger import Addresses, FaultEvent
from chaosmesh.load import Record, RequestSpec, Stream
from tests import meshes
from tests.golden.prometheus.test_prometheus_golden import gateway

MS = 1_000_000
STREAM = Stream(1, "users", "http://127.0.0.1:1", "front", (RequestSpec(),), 10)
ADDRESSES = Addresses({"127.1.1.1": ("blue", 0), "127.1.1.2": ("green", 0)}, {})


def values(text: str) -> dict[str, float]:
    return {
        one.name + str(sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def record(status: int, latency_ms: int, lag_ms: int = 0) -> Record:
    return Record(0, 0, 0, lag_ms * MS, latency_ms * MS, status, 0)


def attempt(status: int, upstream: str = "127.1.1.1:8080", **more) -> AccessRow:
    row = AccessRow(
        sidecar="door.0",
        side="egress",
        attempt_row=True,
        request_id="r",
        call="c",
        attempt=1,
        lineage="",
        edge="door>color",
        start_ns=0,
        duration_ms=30.0,
        status=status,
        grpc_status=None,
        flags=(),
        details="",
        route="",
        route_hash="",
        cluster="cds_egress_test_blue_http_8080",
        upstream=upstream,
        method="GET",
        authority="color",
        path="/",
        victim="",
    )
    return replace(row, **more)


def test_requests_are_counted_by_stream_and_status():
    requests = Requests(lambda: 1.25)
    requests.begin(STREAM)
    assert (
        values(exposed(requests))[
            "chaosmesh_requests_total[('grpc_status', ''), ('outcome', 'success'), ('status', '200'), ('stream', 'users')]"
        ]
        == 0
    )
    requests.add(STREAM, [record(200, 4), record(200, 40), record(503, 4), record(0, 9000, 3)])
    found = values(exposed(requests))
    at = "[('grpc_status', ''), ('outcome', '{}'), ('status', '{}'), ('stream', 'users')]"
    assert found["chaosmesh_requests_total" + at.format("success", "200")] == 2
    assert found["chaosmesh_requests_total" + at.format("failure", "503")] == 1
    assert found["chaosmesh_requests_total" + at.format("failure", "none")] == 1
    assert found["chaosmesh_generator_cpu_seconds_total[]"] == 1.25


def test_latency_counts_from_the_intended_time_and_no_answer_is_above_every_bound():
    requests = Requests(lambda: 0.0)
    requests.add(STREAM, [record(200, 4), record(200, 40), record(0, 9000)])
    found = values(exposed(requests))
    bucket = "chaosmesh_request_seconds_bucket[('le', '{}'), ('stream', 'users')]"
    assert [found[bucket.format(one)] for one in ("0.002", "0.005", "0.05", "10.0", "30.0", "+Inf")] == [
        0, 1, 2, 2, 2, 3,
    ]  # fmt: skip
    assert found["chaosmesh_request_seconds_count[('stream', 'users')]"] == 3


def test_pushes_and_faults():
    events = [
        FaultEvent("f1", "applied", 1, "errors", "front>color"),
        FaultEvent("f2", "applied", 1, "down", "front>color"),
        FaultEvent("f2", "healed", 2, "down", "front>color"),
    ]
    policy = Policy(lambda: events)
    policy.add(Push(1, 0.02, ("a", "b")))
    found = values(exposed(policy))
    at = "chaosmesh_fault_in_force[('fault', '{}'), ('kind', '{}'), ('target', 'front>color')]"
    assert (found[at.format("f1", "errors")], found[at.format("f2", "down")]) == (1, 0)
    assert found["chaosmesh_pushed_sidecars_total[]"] == 2
    assert found["chaosmesh_push_seconds_count[]"] == 1


def test_app_meshs_names_are_spelled_as_its_sidecars_did():
    counts = TargetCounts()
    rows = [attempt(200), attempt(503), attempt(0), attempt(404, "127.1.1.2:8080"), attempt(200, "")]
    counts.add(rows, ADDRESSES)
    text = counts.text(gateway())
    at = 'Mesh="test",VirtualGateway="door",TargetVirtualService="color",TargetVirtualNode="{}",replica="0"'
    lines = text.splitlines()
    assert f"envoy_appmesh_RequestCountPerTarget{{{at.format('blue')}}} 3" in lines
    assert f"envoy_appmesh_HTTPCode_Target_2XX_Count{{{at.format('blue')}}} 1" in lines
    assert f"envoy_appmesh_HTTPCode_Target_5XX_Count{{{at.format('blue')}}} 1" in lines
    assert f"envoy_appmesh_HTTPCode_Target_4XX_Count{{{at.format('green')}}} 1" in lines
    assert f"envoy_appmesh_HTTPCode_Target_3XX_Count{{{at.format('green')}}} 0" in lines
    assert "# TYPE envoy_appmesh_RequestCountPerTarget counter" in lines
    assert f'envoy_appmesh_TargetResponseTime_bucket{{{at.format("blue")},le="50"}} 2' in lines
    assert f"envoy_appmesh_TargetResponseTime_sum{{{at.format('blue')}}} 60" in lines
    list(text_string_to_metric_families(text))


def test_every_edge_is_there_before_anything_is_counted():
    text = TargetCounts().text(gateway())
    assert text.count("envoy_appmesh_RequestCountPerTarget{") == 2
    assert 'envoy_cluster_name="cds_egress_test_green_http_8080",TargetVirtualService="color"' in text


def test_the_service_is_left_out_where_two_lead_to_one_node():
    mesh = meshes.mesh(
        [meshes.workload("front", "color", "shade"), meshes.workload("blue")],
        [meshes.service(name, meshes.route(name, "all", {"blue": 1})) for name in ("color", "shade")],
    )
    info = [one for one in TargetCounts().text(mesh).splitlines() if one.startswith("chaosmesh_target_info{")]
    assert info == [
        (
            'chaosmesh_target_info{Mesh="test",VirtualNode="front",'
            'envoy_cluster_name="cds_egress_test_blue_http_8080",TargetVirtualNode="blue"} 1'
        )
    ]


def test_grpc_requests_are_told_by_their_status_or_their_listener():
    counts = TargetCounts()
    served = {"side": "ingress", "attempt_row": False, "sidecar": "blue.1", "edge": ""}
    counts.add(
        [
            attempt(200, **served, grpc_status=14),
            attempt(0, **served | {"cluster": "cds_ingress_test_blue_grpc_8080"}),
            attempt(200, **served | {"cluster": "cds_ingress_test_blue_http_8080"}),
        ],
        ADDRESSES,
    )
    assert 'envoy_appmesh_GrpcRequestCount{Mesh="test",VirtualNode="blue",replica="1"} 2' in counts.text(
        gateway()
    )


def test_labels_and_numbers_are_written_as_the_format_wants():
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'
    assert [number(one) for one in (1.0, 0.1, float("inf"), float("-inf"), float("nan"))] == [
        "1", "0.1", "+Inf", "-Inf", "NaN",
    ]  # fmt: skip
