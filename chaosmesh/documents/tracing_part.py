"""The scenario's `tracing:`: whether the sidecars make spans, and who gets them besides the run folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator

from chaosmesh.documents.part import Part

_PORT_OF_HTTP = 4318
_FORM = re.compile(r"(?:(grpcs?|https?)://)?([^/:\s]+|\[[0-9a-fA-F:]+\]):(\d{1,5})(/\S*)?")


@dataclass(frozen=True, slots=True)
class Address:
    """A collector that speaks OpenTelemetry's protocol. `path` is for HTTP only."""

    over: Literal["grpc", "http"]
    secure: bool
    host: str
    port: int
    path: str = "/v1/traces"

    @property
    def url(self) -> str:
        """Where exports go over HTTP."""
        return f"http{'s' * self.secure}://{self.host}:{self.port}{self.path}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """`host:port` (gRPC; HTTP on 4318, as collectors have it), or a url that says which: `grpc://`, `grpcs://`,
    `http://`, `https://`. ValueError for anything else."""
    found = _FORM.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 1 << 16:
        raise ValueError(f"{text!r} is no collector; write host:port or a url like http://localhost:4318")
    scheme, host, port, path = found[1] or "", found[2], int(found[3]), found[4] or ""
    is_http = scheme.startswith("http") or (not scheme and port == _PORT_OF_HTTP)
    if path.strip("/") and not is_http:
        raise ValueError(f"{text!r}: gRPC has no path; write {host}:{port}")
    secure = scheme in ("grpcs", "https")
    if not is_http:
        return Address("grpc", secure, host, port)
    return Address("http", secure, host, port, path if path.strip("/") else "/v1/traces")


def _collector(text: str) -> str:
    address_of(text)
    return text


class TracingPart(Part):
    """`provider`: Envoy's tracer, `otel` or, as App Mesh had it, `xray`. `collector`: your own OpenTelemetry collector
    gets all spans too."""

    provider: Literal["otel", "xray"] = "otel"
    collector: Annotated[str, AfterValidator(_collector)] | None = None
