"""OpenTelemetry's protocol: spans that sidecars send, and what a collector is sent.

Messages are taken as bytes and read when somebody asks: a run with spans must not be slower for the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from chaosmesh.envoy.admission import Admission
from chaosmesh.envoy.rpc import grpc
from chaosmesh.envoy.spans import STATUS, Span, span_of

SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
METHOD: Final = f"/{SERVICE}/Export"
_CLIENT: Final = 3
"""SPAN_KIND_CLIENT: Envoy's span of an attempt."""
_ERROR: Final = 2
_KINDS: Final = {"ingress": 2, "app": 3, "call": 2, "attempt": 3}


class SpanService:
    """The trace service; `on_spans(sidecar, message)` gets each export as it came."""

    def __init__(self, admission: Admission, on_spans: Callable[[str, bytes], None]) -> None:
        self._admission = admission
        self._on_spans = on_spans

    def handler(self) -> Any:
        """The service, to be added to a gRPC server."""
        method = grpc.unary_unary_rpc_method_handler(
            self._export, request_deserializer=None, response_serializer=None
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"Export": method})

    async def _export(self, message: bytes, context: Any) -> bytes:
        sidecar = await self._admission.enter(context, "spans")
        self._on_spans(sidecar, message)
        return b""


def spans(message: bytes) -> Iterator[Span]:
    """The spans of requests in one export; ValueError for what is none."""
    for one in _each(message):
        tags = {pair.key: _text(pair.value) for pair in one.attributes}
        found = span_of(
            (one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex()),
            one.name,
            (one.start_time_unix_nano, one.end_time_unix_nano),
            tags,
            upstream=one.kind == _CLIENT,
            error=one.status.code == _ERROR or tags.get("error") == "true",
        )
        if found is not None:
            yield found


def count(message: bytes) -> int:
    """How many spans one export holds."""
    return sum(1 for _ in _each(message))


def refused(response: bytes) -> tuple[int, str]:
    """How many spans a collector did not want, by its answer to an export, and why."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    partial = ExportTraceServiceResponse.FromString(response).partial_success
    return int(partial.rejected_spans), str(partial.error_message)


def export(found: Iterable[Span]) -> bytes:
    """An export of spans that came another way, a resource for each sidecar's node."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request, scopes = ExportTraceServiceRequest(), {}
    for one in found:
        if one.sidecar not in scopes:
            resource = request.resource_spans.add()
            _attribute(resource.resource, "service.name", one.sidecar.rpartition(".")[0])
            scopes[one.sidecar] = resource.scope_spans.add()
        made = scopes[one.sidecar].spans.add(
            trace_id=bytes.fromhex(one.trace_id.removeprefix("1-").replace("-", "")),
            span_id=bytes.fromhex(one.span_id),
            parent_span_id=bytes.fromhex(one.parent_id),
            name=one.name,
            kind=_KINDS[one.kind],
            start_time_unix_nano=one.start_ns,
            end_time_unix_nano=one.end_ns,
        )
        if one.error:
            made.status.code = _ERROR
        known = {"x-request-id": one.request_id, STATUS: str(one.status)}
        for name, value in {**known, **one.tags}.items():
            _attribute(made, name, value)
    return bytes(request.SerializeToString())


def _attribute(owner: Any, name: str, value: str) -> None:
    owner.attributes.add(key=name).value.string_value = value


def _each(message: bytes) -> Iterator[Any]:
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(message)
    except DecodeError as error:
        raise ValueError(f"no export of spans: {error}") from error
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))
