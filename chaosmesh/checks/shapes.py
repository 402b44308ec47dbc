"""Example requests: one that meets all conditions of a match, and for each condition one that misses only it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh.matching import holds
from chaosmesh.checks.model import Shape
from chaosmesh.checks.regexes import sample
from chaosmesh.load.plan import Protocol

NOWHERE = "/chaosmesh-somewhere-else"
STRANGER = "chaosmesh-elsewhere.example"
"""A host that nobody has."""
GRPC_SERVICE, GRPC_METHOD = "chaosmesh.Example", "Call"
"""What is called over gRPC where the match leaves it open."""
_METHODS = ("GET", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that misses one condition: the condition's field, and how it misses it in words."""

    field: str
    how: str
    shape: Shape


def example(match: Any, protocol: Protocol) -> Shape | None:
    """A request that meets every condition of a route's match; None if none could be made up."""
    if protocol == "tcp":
        return Shape(protocol="tcp")
    host = _host(getattr(match, "hostname", None))
    if protocol == "grpc":
        path = f"/{match.service_name or GRPC_SERVICE}/{getattr(match, 'method_name', None) or GRPC_METHOD}"
        return _with_conditions(Shape(path, "POST", (), "grpc", host), match.metadata)
    found = _path(match)
    if found is None or (getattr(match, "scheme", None) or "http") != "http":
        return None
    shape = _with_conditions(Shape(found, match.method or "GET", (), protocol, host), match.headers)
    query = "&".join(f"{q.name}={_query_value(q)}" for q in match.query_parameters or ())
    return replace(shape, path=f"{shape.path}?{query}") if shape and query else shape


def _with_conditions(shape: Shape, conditions: Sequence[Any] | None) -> Shape | None:
    for one in conditions or ():
        value = _header_value(one)
        if value is None:
            return None
        if value:
            shape = _with_header(shape, one.name, value)
    return shape


def misses(match: Any, protocol: Protocol) -> Iterator[Miss]:
    """For each condition a request that meets all others; conditions that nothing can miss are left out."""
    shape = example(match, protocol)
    if shape is None or protocol == "tcp":
        return
    if getattr(match, "hostname", None) is not None:
        yield Miss("match.hostname", f"host {STRANGER}", replace(shape, host=STRANGER))
    if protocol == "grpc":
        yield from _grpc_misses(match, shape)
        return
    if match.prefix not in (None, "/") or match.path is not None:
        field = "match.prefix" if match.prefix is not None else "match.path"
        _, _, query = shape.path.partition("?")
        yield Miss(field, f"path {NOWHERE}", replace(shape, path=NOWHERE + (f"?{query}" if query else "")))
    if match.method:
        other = next(m for m in _METHODS if m != match.method)
        yield Miss("match.method", f"method {other}", replace(shape, method=other))
    yield from _condition_misses("match.headers", match.headers, shape)
    for parameter in match.query_parameters or ():
        bare = shape.path.partition("?")[0]
        rest = [q for q in match.query_parameters if q.name != parameter.name]
        query = "&".join(f"{q.name}={_query_value(q)}" for q in rest)
        field = f"match.queryParameters.{parameter.name}"
        yield Miss(field, f"no {parameter.name}", replace(shape, path=f"{bare}?{query}" if query else bare))


def _grpc_misses(match: Any, shape: Shape) -> Iterator[Miss]:
    service, method = match.service_name, getattr(match, "method_name", None)
    if service:
        path = f"/{GRPC_SERVICE}/{method or GRPC_METHOD}"
        yield Miss("match.serviceName", f"service {GRPC_SERVICE}", replace(shape, path=path))
    if method:
        other = f"{method}Other"
        path = f"/{service or GRPC_SERVICE}/{other}"
        yield Miss("match.methodName", f"method {other}", replace(shape, path=path))
    yield from _condition_misses("match.metadata", match.metadata, shape)


def _condition_misses(field: str, conditions: Sequence[Any] | None, shape: Shape) -> Iterator[Miss]:
    for one in conditions or ():
        wrong = _wrong_header(one)
        if wrong is not None:
            how = f"{one.name}: {wrong}" if wrong else f"no {one.name}"
            yield Miss(f"{field}.{one.name}", how, _with_header(shape, one.name, wrong))


def _host(hostname: Any) -> str:
    if hostname is None:
        return ""
    return str(hostname.exact or f"www{'' if hostname.suffix.startswith('.') else '.'}{hostname.suffix}")


def _path(match: Any) -> str | None:
    if match.prefix is not None:
        return str(match.prefix)
    if match.path is not None:
        return match.path.exact if match.path.exact is not None else sample(match.path.regex)
    return "/"


def _with_header(shape: Shape, name: str, value: str) -> Shape:
    if name.lower() == ":method":
        return replace(shape, method=value or "GET")
    kept = tuple((n, v) for n, v in shape.headers if n.lower() != name.lower())
    return replace(shape, headers=(*kept, (name, value)) if value else kept)


def _header_value(header: Any) -> str | None:
    """The value to send ("" = leave the header out), None if no value is known."""
    if header.name.lower() == ":scheme":
        return "" if _meets(header, "http") else None
    if not header.invert:
        return _inside(header.match)
    return "" if header.match is None else _outside(header)


def _wrong_header(header: Any) -> str | None:
    if header.name.lower() == ":scheme":
        return None
    if header.invert:
        return _inside(header.match)
    if header.name.lower() == ":method":
        return next((m for m in _METHODS if not _meets(header, m)), None)
    return "" if header.match is None else _outside(header)


def _inside(match: Any) -> str | None:
    if match is None:
        return "chaosmesh"
    if match.exact is not None:
        return str(match.exact)
    if match.prefix is not None:
        return str(match.prefix)
    if match.suffix is not None:
        return str(match.suffix)
    if match.range is not None:
        return str(match.range.start)
    return sample(match.regex)


def _outside(header: Any) -> str | None:
    candidates = [str(header.match.range.end)] if header.match.range is not None else []
    for value in (*candidates, "chaosmesh-other", "0", "~"):
        if not holds(header.match, value):
            return value
    return None


def _meets(header: Any, value: str) -> bool:
    return (header.match is None or holds(header.match, value)) != bool(header.invert)


def _query_value(parameter: Any) -> str:
    return parameter.match.exact if parameter.match is not None and parameter.match.exact is not None else "1"
