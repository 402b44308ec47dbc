"""What may be loaded, and what a stream must look like; everything wrong is refused before anything is sent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from chaosmesh.errors import UsageError
from chaosmesh.load import grpc
from chaosmesh.load.plan import Protocol, RequestSpec, Stream, fits
from chaosmesh.load.tls import context_of

Network = IPv4Network | IPv6Network

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[^\x00\r\n]*")
_OURS = {"host", "x-request-id", "content-length", "transfer-encoding"}
_OF_HTTP1 = {"connection", "keep-alive", "proxy-connection", "upgrade", "te"}
_OURS_BY: dict[Protocol, set[str]] = {
    "http": _OURS,
    "http2": _OURS | _OF_HTTP1,
    "grpc": _OURS | _OF_HTTP1 | {"content-type"},
}


def networks(allowed: Sequence[str]) -> tuple[Network, ...]:
    """Loopback and what was allowed besides (addresses or networks)."""
    try:
        return (*_LOOPBACK, *map(ip_network, allowed))
    except ValueError as error:
        raise UsageError(
            f"allowed targets: {error}", hint="write addresses or networks, such as 172.20.0.0/16"
        ) from error


def checked_bind(address: str) -> str:
    """Where workers may join, "10.0.0.1:5557" (or nothing: only those of this machine); UsageError for what is no address."""
    host, _, port = address.rpartition(":")
    if address and not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"--workers-bind {address}: write HOST:PORT", hint="--workers-bind 10.0.0.1:5557")
    return address


def check_stream(stream: Stream, allowed: Sequence[Network]) -> None:
    """Raises UsageError for a stream that can't or mustn't run."""
    _check_url(stream, allowed)
    for name, value in (("rate", stream.rate), ("timeout", stream.timeout), ("duration", stream.duration)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"stream {stream.name}: {name} is {value}, but must be above 0")
    if not fits(stream.id, stream.count) or (stream.count is not None and stream.count < 1):
        raise UsageError(f"stream {stream.name}: id {stream.id} or count {stream.count} is out of range")
    if stream.arrivals not in ("constant", "poisson"):
        raise UsageError(f"stream {stream.name}: arrivals {stream.arrivals!r}", hint="constant or poisson")
    if not stream.requests:
        raise UsageError(f"stream {stream.name} has no requests", hint="give at least one RequestSpec")
    _check_value(stream, "host", stream.host)
    if stream.closed is not None:
        _check_closed(stream)
        return
    for spec in stream.requests:
        _check_spec(stream, spec)
    _check_tls(stream)


def _check_closed(stream: Stream) -> None:
    if stream.tls is not None:
        raise UsageError(
            f"stream {stream.name}: users of a locustfile speak plain HTTP, and {stream.url} takes TLS only",
            hint="entry= a node without TLS, or open load, which speaks TLS",
        )


def _check_url(stream: Stream, allowed: Sequence[Network]) -> None:
    try:
        parts = urlsplit(stream.url)
        address = ip_address(parts.hostname or "")
        port = parts.port
    except ValueError as error:
        raise UsageError(
            f"stream {stream.name}: url {stream.url!r}: {error}", hint="http://IP:PORT"
        ) from error
    schemes = ("http", "tcp", "https") if stream.tls else ("http", "tcp")
    if parts.scheme not in schemes or port is None or parts.path or parts.query:
        raise UsageError(
            f"stream {stream.name}: url {stream.url!r}", hint="http://IP:PORT, paths stand in requests"
        )
    if not any(address in network for network in allowed):
        raise UsageError(
            f"stream {stream.name}: {address} is neither loopback nor an allowed target",
            hint="load goes to this machine only, unless the address is allowed explicitly",
        )


def _check_spec(stream: Stream, spec: RequestSpec) -> None:
    if not _TOKEN.fullmatch(spec.method) or not _TARGET.fullmatch(spec.path):
        raise UsageError(f"stream {stream.name}: request {spec.method!r} {spec.path!r} can't be sent")
    if not (math.isfinite(spec.weight) and spec.weight > 0):
        raise UsageError(f"stream {stream.name}: weight of {spec.method} {spec.path} is {spec.weight}")
    if spec.protocol != "tcp" and not spec.path.startswith("/") and spec.path != "*":
        raise UsageError(
            f"stream {stream.name}: the path {spec.path!r} must begin with a slash",
            hint=f'path="/{spec.path}"',
        )
    if spec.protocol == "tcp":
        _check_line(stream, spec)
    elif spec.protocol not in _OURS_BY:
        raise UsageError(f"stream {stream.name}: protocol {spec.protocol!r}", hint="http, http2, grpc or tcp")
    else:
        _check_headers(stream, spec)
    if spec.protocol == "grpc" and not grpc.PATH.fullmatch(spec.path):
        raise UsageError(
            f"stream {stream.name}: {spec.path!r} is no gRPC method", hint="/package.Service/Method"
        )


def _check_line(stream: Stream, spec: RequestSpec) -> None:
    if spec.headers:
        raise UsageError(
            f"stream {stream.name}: TCP has no headers", hint="put it into the body, the line sent"
        )
    if b"\n" in spec.body:
        raise UsageError(
            f"stream {stream.name}: the body is one line on TCP", hint="leave the line's end out"
        )


def _check_headers(stream: Stream, spec: RequestSpec) -> None:
    for name, value in spec.headers:
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS_BY[spec.protocol]:
            raise UsageError(
                f"stream {stream.name}: header {name!r} can't be set", hint="the generator sets it"
            )
        _check_value(stream, name, value)


def _check_tls(stream: Stream) -> None:
    tls = stream.tls
    if tls is None:
        return
    if tls.key_file and not tls.cert_file:
        raise UsageError(f"stream {stream.name}: a key without a certificate", hint="give cert_file too")
    _check_value(stream, "server name", tls.server_name)
    try:
        context_of(tls, stream.requests[0].protocol)
    except OSError as error:
        files = ", ".join(filter(None, (tls.ca_file, tls.cert_file, tls.key_file)))
        raise UsageError(
            f"stream {stream.name}: TLS can't be set up with {files}: {error}",
            hint="PEM files: whom to trust, the certificate chain, its key without a password",
        ) from error


def _check_value(stream: Stream, name: str, value: str) -> None:
    if not _VALUE.fullmatch(value) or not value.isascii():
        raise UsageError(f"stream {stream.name}: {name} {value!r} can't be sent in a header")
