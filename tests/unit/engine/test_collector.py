"""Spans on to a collector: real servers over gRPC and HTTP, slow ones, and none at all."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

from chaosmesh.documents.tracing_part import address_of
from chaosmesh.engine import collector
from chaosmesh.engine.collector import Collector
from chaosmesh.envoy.otlp import SERVICE
from tests.unit.envoy.test_spans import OWN, export, segment


@asynccontextmanager
async def over_grpc(answer):
    """A collector; `answer(request, context)` gives what it says to an export."""
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=wire.ExportTraceServiceRequest.FromString,
        response_serializer=wire.ExportTraceServiceResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def spans_of(request) -> list:
    return [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_all_spans_arrive_over_grpc():
    async def body():
        taken = []

        async def answer(request, _context):
            taken.extend(spans_of(request))
            return wire.ExportTraceServiceResponse()

        async with over_grpc(answer) as address:
            one = Collector(address_of(address))
            one.start()
            for _ in range(100):
                one.offer("otel", export({"kind": 3}, {"kind": 2}, **OWN))
            one.offer("xray", segment(type="subsegment"))
            await one.close()
        assert (len(taken), one.sent, one.dropped) == (201, 201, 0)
        assert {span.trace_id.hex() for span in taken} == {"01" * 16, "58406cf0a006649127e371903a2de979"}
        assert one.note() == f"traces: 201 spans went to {address}"

    run(body())


def test_all_spans_arrive_over_http():
    async def body():
        taken = []

        async def answer(request):
            taken.extend(spans_of(wire.ExportTraceServiceRequest.FromString(await request.read())))
            assert request.content_type == "application/x-protobuf"
            return web.Response(body=b"", content_type="application/x-protobuf")

        app = web.Application()
        app.router.add_post("/v1/traces", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        one = Collector(address_of(f"http://127.0.0.1:{port}"))
        one.start()
        one.offer("otel", export({}, {}, **OWN))
        await one.close()
        other = Collector(address_of(f"http://127.0.0.1:{port}/elsewhere"))
        other.start()
        other.offer("otel", export({}, {}, **OWN))
        await other.close()
        await runner.cleanup()
        assert (len(taken), one.sent, one.dropped) == (2, 2, 0)
        assert (other.sent, other.dropped) == (0, 2)
        assert "404" in other.note()

    run(body())


def test_what_a_collector_refuses_is_counted():
    async def body():
        async def answer(_request, _context):
            refused = wire.ExportTracePartialSuccess(rejected_spans=3, error_message="quota")
            return wire.ExportTraceServiceResponse(partial_success=refused)

        async with over_grpc(answer) as address:
            one = Collector(address_of(address))
            one.start()
            one.offer("otel", export(*[{}] * 10, **OWN))
            await one.close()
        assert (one.sent, one.dropped, one.trouble) == (7, 3, "quota")

    run(body())


def test_a_dead_collector_costs_its_spans_and_nothing_else(monkeypatch):
    one_message = export({}, **OWN)
    monkeypatch.setattr(collector, "WAITING", 1_000 * len(one_message))

    async def body():
        one = Collector(address_of("127.0.0.1:9"))
        one.start()
        begin = asyncio.get_running_loop().time()
        for _ in range(1_010):
            one.offer("otel", one_message)
        assert asyncio.get_running_loop().time() - begin < 5
        await one.close()
        assert one.sent == 0
        assert one.dropped == 1_010
        assert "127.0.0.1:9, 1,010 were dropped: UNAVAILABLE" in one.note()

    run(body())


def test_a_slow_collector_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(collector, "LAST", 0.1)
    monkeypatch.setattr(collector, "PATIENCE", 0.2)
    monkeypatch.setattr(collector, "WAITING", 5 * len(export({}, **OWN)))

    async def body():
        async def answer(_request, _context):
            await asyncio.sleep(60)

        async with over_grpc(answer) as address:
            one = Collector(address_of(address))
            one.start()
            for _ in range(10):
                one.offer("otel", export({}, **OWN))
            await one.close()
        assert (one.sent, one.dropped) == (0, 10)

    run(body())


def test_no_export_is_larger_than_collectors_take():
    async def body():
        sizes = []

        async def answer(request, _context):
            sizes.append(request.ByteSize())
            return wire.ExportTraceServiceResponse()

        big = export(*[{}] * 200, **OWN, padding="x" * 1000)
        async with over_grpc(answer) as address:
            one = Collector(address_of(address))
            one.start()
            for _ in range(40):
                one.offer("otel", big)
            await one.close()
        assert (one.sent, one.dropped) == (8_000, 0)
        assert len(big) < max(sizes) < 4 << 20

    run(body())


@pytest.mark.parametrize(
    ("text", "over", "secure", "url"),
    [
        ("localhost:4317", "grpc", False, None),
        ("10.0.0.7:9999", "grpc", False, None),
        ("grpcs://collector.example.com:443", "grpc", True, None),
        ("localhost:4318", "http", False, "http://localhost:4318/v1/traces"),
        ("http://localhost:8080", "http", False, "http://localhost:8080/v1/traces"),
        (
            "https://o.example.com:443/otlp/v1/traces",
            "http",
            True,
            "https://o.example.com:443/otlp/v1/traces",
        ),
    ],
)
def test_how_a_collector_is_written(text, over, secure, url):
    one = address_of(text)
    assert (one.over, one.secure) == (over, secure)
    assert url is None or one.url == url


@pytest.mark.parametrize(
    "text", ["", "localhost", "localhost:0", "localhost:70000", "ftp://a:1", "a:1/path", "a b:1"]
)
def test_what_is_no_collector_is_refused(text):
    with pytest.raises(ValueError):
        address_of(text)
