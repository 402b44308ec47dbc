"""What is read of what tracers send."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chaosmesh.envoy import otlp, xray
from chaosmesh.envoy.spans import Span

OWN = {
    "chaosmesh.sidecar": "front.0",
    "chaosmesh.side": "egress",
    "chaosmesh.request_id": "r-1",
    "chaosmesh.call": "c-1",
    "chaosmesh.attempt": "3",
    "appmesh.mesh": "m",
    "http.status_code": "503",
    "response_flags": "-",
    "chaosmesh.victim": "errors-1",
}


def export(*spans, **attributes) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for fields in spans:
        one = scope.spans.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, name="egress color", **fields)
        for name, value in attributes.items():
            one.attributes.add(key=name).value.string_value = value
    return request.SerializeToString()


def segment(header='{"format": "json", "version": 1}', **fields) -> bytes:
    body = {
        "name": "m/front",
        "id": "0123456789abcdef",
        "trace_id": "1-58406cf0-a006649127e371903a2de979",
        "parent_id": "fedcba9876543210",
        "start_time": 1700000000.25,
        "end_time": 1700000000.5,
        "http": {"request": {"method": "GET", "url": "http://color/"}, "response": {"status": 503}},
        "annotations": {k: v for k, v in OWN.items() if k != "http.status_code"},
        "fault": True,
        **fields,
    }
    return f"{header}\n{json.dumps(body)}".encode()


def test_an_attempt_is_a_client_span_of_the_egress():
    (one,) = otlp.spans(
        export(
            {"kind": 3, "parent_span_id": b"\x03" * 8, "start_time_unix_nano": 10, "end_time_unix_nano": 30},
            **OWN,
            **{"retry.count": "1"},
        )
    )
    assert one == Span(
        trace_id="01" * 16,
        span_id="02" * 8,
        parent_id="03" * 8,
        request_id="r-1",
        call="c-1",
        sidecar="front.0",
        kind="attempt",
        name="egress color",
        start_ns=10,
        end_ns=30,
        status=503,
        attempt=2,
        error=False,
        tags={"chaosmesh.victim": "errors-1"},
    )


@pytest.mark.parametrize(
    ("side", "kind", "expected"),
    [
        ("egress", 2, "call"),
        ("egress", 3, "attempt"),
        ("ingress", 2, "ingress"),
        ("door", 2, "ingress"),
        ("door", 3, "app"),
    ],
)
def test_what_a_span_is_comes_from_its_side_and_direction(side, kind, expected):
    (one,) = otlp.spans(export({"kind": kind}, **{**OWN, "chaosmesh.side": side}))
    assert one.kind == expected
    assert one.attempt == (1 if expected == "attempt" else 3)


def test_spans_of_health_checks_and_of_strangers_are_none_of_a_request():
    assert list(otlp.spans(export({}, **OWN, **{"chaosmesh.health": "1"}))) == []
    assert list(otlp.spans(export({}, component="proxy"))) == []
    assert otlp.count(export({}, {}, component="proxy")) == 2


def test_what_is_no_export_says_so():
    with pytest.raises(ValueError, match="no export of spans"):
        list(otlp.spans(b"\xff\xff\xff"))


def test_a_segment_is_the_same_span():
    one = xray.segment(segment(type="subsegment"))
    assert (one.kind, one.status, one.attempt, one.error) == ("attempt", 503, 1, True)
    assert (one.trace_id, one.parent_id) == ("1-58406cf0-a006649127e371903a2de979", "fedcba9876543210")
    assert (one.start_ns, one.end_ns) == (1_700_000_000_250_000_000, 1_700_000_000_500_000_000)
    assert one.tags["http.url"] == "http://color/"
    assert xray.segment(segment()).kind == "call"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        b'{"format": "json", "version": 1}',
        b'{"format": "json", "version": 1}\n',
        b'{"format": "json", "version": 1}\n[]',
        b'{"format": "json", "version": 1}\nnonsense',
        segment(header='{"format": "json", "version": 2}'),
        segment(header="nonsense"),
        segment(id="zz"),
        segment(trace_id="0123"),
        segment(end_time=None),
    ],
)
def test_what_is_no_segment_says_so(bad):
    with pytest.raises(ValueError):
        xray.segment(bad)


def test_segments_become_an_export_of_the_same_spans():
    one = xray.segment(segment(type="subsegment"))
    (sent,) = ExportTraceServiceRequest.FromString(otlp.export([one])).resource_spans
    assert sent.resource.attributes[0].value.string_value == "front"
    made = sent.scope_spans[0].spans[0]
    assert made.trace_id.hex() == "58406cf0a006649127e371903a2de979"
    assert (made.span_id.hex(), made.parent_span_id.hex()) == ("0123456789abcdef", "fedcba9876543210")
    assert (made.kind, made.status.code) == (3, 2)
    assert {one.key for one in made.attributes} >= {"x-request-id", "http.status_code", "chaosmesh.victim"}


def test_the_daemon_takes_segments_and_counts_the_rest():
    async def body():
        taken = asyncio.Queue()
        daemon = await xray.Daemon.start("127.0.0.1", taken.put_nowait, 0)
        address = daemon._transport.get_extra_info("sockname")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"nonsense", address)
            client.sendto(segment(), address)
            assert await taken.get() == segment()
        assert (daemon.refused, daemon.lost) == (1, 0)
        with pytest.raises(OSError, match="in use"):
            await xray.Daemon.start(address[0], taken.put_nowait, address[1])
        daemon.close()

    asyncio.run(asyncio.wait_for(body(), 20))


def test_what_nobody_takes_in_time_is_counted():
    async def body():
        daemon = await xray.Daemon.start("127.0.0.1", lambda _segment: None, 0)
        address = daemon._transport.get_extra_info("sockname")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for _ in range(2_000):  # while this loop runs the event loop does not
                client.sendto(segment(padding="x" * 20_000), address)
        assert daemon.lost > 0
        daemon.close()
        assert daemon.lost > 0

    asyncio.run(asyncio.wait_for(body(), 20))
