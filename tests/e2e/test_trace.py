"""`chaosmesh trace` and what leads to it: verify and up with a tracer, experiments with and without."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

from chaosmesh.envoy.otlp import SERVICE
from chaosmesh.ledger import Ledger

from .byhand import REQUEST, asked_by_hand
from .command import AIRPORT, chaosmesh
from .experimenting import run as experiment

pytestmark = pytest.mark.e2e

FLAKY = """
import chaosmesh

@pytest.mark.chaosmesh(str(AIRPORT){more})
def test_flaky(mesh):
    weather = mesh.edge("flights", "weather")
    with weather.errors(503, share={share}):
        try:
            run = mesh.without("retryPolicy").load(rate=50, path="/flights/NH10").expect(success=at_least({bound}))
        except chaosmesh.Invalid as error:  # of a busy host: the requests were sent all the same
            run = error.run
            assert run.observed["success"] >= {bound}
    one = run.traces.failed[0]
    assert run.trace(one.request_id) == one
    print(one)
    print("SPANS", len(one.spans), one.attempts)
"""


@contextmanager
def collector():
    """A real OTLP server in threads of its own; gives its address and the spans that it got."""
    taken: list = []

    def export(request, _context):
        taken.extend(s for r in request.resource_spans for c in r.scope_spans for s in c.spans)
        return wire.ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(2))
    method = grpc.unary_unary_rpc_method_handler(
        export,
        request_deserializer=wire.ExportTraceServiceRequest.FromString,
        response_serializer=wire.ExportTraceServiceResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", taken
    finally:
        server.stop(None)


@pytest.mark.parametrize("kind", ["otel", "xray"])
def test_verify_with_a_tracer_keeps_the_spans_and_hands_them_on(tmp_path: Path, kind: str) -> None:
    with collector() as (address, taken):
        scenario = tmp_path / "chaosmesh.yaml"
        text = (AIRPORT / "chaosmesh.yaml").read_text()
        scenario.write_text(
            text.replace("mesh:", f"tracing: {{provider: {kind}, collector: '{address}'}}\nmesh:", 1)
        )
        documents = sorted(AIRPORT.glob("*.json"))
        ended = chaosmesh(
            *("verify", *documents, "--scenario", scenario, "--only", "matrix/flights-v1*/errors"),
            *("--runs", tmp_path / "runs", "--undecided", "warn"),
        )
    assert ended.code in (0, 1), ended
    (folder,) = (tmp_path / "runs").glob("*/latest")
    ledger = Ledger.read(folder)
    spans = list(ledger.spans)
    assert spans
    http = [row for row in ledger.rows if not row.tcp]
    told = {(one.sidecar, one.request_id) for one in spans}
    lacking = [row for row in http if (row.sidecar, row.request_id) not in told]
    assert len(lacking) <= len(http) // 100, lacking[:3]
    assert len(taken) >= len(spans)
    assert f"spans went to {address}" in ended.err
    shown = chaosmesh("trace", folder, "--slowest", "2")
    assert shown.code == 0, shown
    assert shown.out.count("trace  ") == 2
    assert "application" in shown.out
    body = json.loads(chaosmesh("trace", folder, "--slowest", "1", "--json", "-").out)
    assert body[0]["spans"][0]["sidecar"]


def test_a_dead_collector_is_said_and_changes_no_verdict(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    scenario = tmp_path / "chaosmesh.yaml"
    text = (AIRPORT / "chaosmesh.yaml").read_text()
    scenario.write_text(text.replace("mesh:", f"tracing: {{collector: 'localhost:{port}'}}\nmesh:", 1))
    ended = chaosmesh(
        *("verify", *sorted(AIRPORT.glob("*.json")), "--scenario", scenario, "--only", "*/match*"),
        *("--runs", tmp_path / "runs", "--undecided", "warn"),
    )
    assert ended.code == 0, ended
    assert f"traces: 0 spans went to localhost:{port}" in ended.err
    assert "were dropped: UNAVAILABLE" in ended.err


def test_up_with_a_tracer_tells_of_what_was_asked_by_hand(tmp_path: Path) -> None:
    folder = asked_by_hand(tmp_path, "--traces", "otel")
    shown = chaosmesh("trace", folder, REQUEST)
    assert shown.code == 0, shown
    for part in ("by-hand-1  200", "departures.0 in", "departures.0 application", "#1 weather."):
        assert part in shown.out, shown.out


def test_an_experiment_names_the_command_that_shows_its_failed_requests(tmp_path: Path) -> None:
    ended = experiment(tmp_path, FLAKY.format(more="", share=0.9, bound=0.9))
    assert ended.code == 1, ended
    line = next(one for one in ended.out.splitlines() if one.startswith("chaosmesh trace "))
    _, _, folder, request = line.split()
    shown = chaosmesh("trace", tmp_path / folder, request)
    assert shown.code == 0, shown
    assert "cause  fault " in shown.out
    assert "victim of" in shown.out
    assert "no tracer told of it" in shown.out
    assert chaosmesh("trace", tmp_path / folder, "--failed", "--limit", "2").out.count("cause  fault") == 2


@pytest.mark.parametrize("how", ["marker", "option"])
def test_an_experiment_with_a_tracer_has_the_spans_at_hand(tmp_path: Path, how: str) -> None:
    more, options = (', traces="xray"', ()) if how == "marker" else ("", ("--chaos-traces", "otel"))
    ended = experiment(tmp_path, FLAKY.format(more=more, share=0.3, bound=0.4), "-s", *options)
    assert ended.code == 0, ended
    line = next(one for one in ended.out.splitlines() if one.startswith("SPANS "))
    _, spans, attempts = line.split()
    assert int(spans) > 2 * int(attempts)
    assert "application" in ended.out
    folder = tmp_path / "runs" / "test_flaky" / "latest"
    assert (folder / "traces.parquet").is_file()


def test_wrong_use_is_told_with_2(tmp_path: Path) -> None:
    assert chaosmesh("trace", tmp_path).code == 2
    assert "faults.json is missing" in chaosmesh("trace", tmp_path).err
    assert chaosmesh("trace", tmp_path, "x", "--failed").code == 2
    ended = chaosmesh("verify", AIRPORT, "--traces", "zipkin")
    assert ended.code == 2


def test_a_collector_that_is_none_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "chaosmesh.yaml").write_text("mesh: x.json\ntracing: {collector: nowhere}\n")
    ended = chaosmesh("verify", tmp_path)
    assert ended.code == 2
    assert "chaosmesh.yaml:2:" in ended.err
    assert "is no collector" in ended.err
