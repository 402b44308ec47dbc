"""Example requests: one that meets all conditions of a match, and for each condition one that misses only it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh.matching import holds
from chaosmesh.checks.model import Shape
from chaosmesh.checks.regexes import sample

NOWHERE = "/chaosmesh-somewhere-else"
_METHODS = ("GET", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that misses one condition: the condition's field, and how it misses it in words."""

    field: str
    how: str
    shape: Shape


def example(match: Any) -> Shape | None:
    """A request that meets every condition of an http match; None if none could be made up."""
    path = _path(match)
    if path is None or (match.scheme or "http") != "http":
        return None
    shape = Shape(path, match.method or "GET", ())
    for header in match.headers or ():
        value = _header_value(header)
        if value is None:
            return None
        if value:
            shape = _with_header(shape, header.name, value)
    query = "&".join(f"{q.name}={_query_value(q)}" for q in match.query_parameters or ())
    return replace(shape, path=f"{shape.path}?{query}") if query else shape


def misses(match: Any) -> Iterator[Miss]:
    """For each condition a request that meets all others; conditions that nothing can miss are left out."""
    shape = example(match)
    if shape is None:
        return
    if match.prefix not in (None, "/") or match.path is not None:
        field = "match.prefix" if match.prefix is not None else "match.path"
        _, _, query = shape.path.partition("?")
        yield Miss(field, f"path {NOWHERE}", replace(shape, path=NOWHERE + (f"?{query}" if query else "")))
    if match.method:
        other = next(m for m in _METHODS if m != match.method)
        yield Miss("match.method", f"method {other}", replace(shape, method=other))
    for header in match.headers or ():
        wrong = _wrong_header(header)
        if wrong is not None:
            field = f"match.headers.{header.name}"
            how = f"{header.name}: {wrong}" if wrong else f"no {header.name}"
            yield Miss(field, how, _with_header(shape, header.name, wrong))
    for parameter in match.query_parameters or ():
        bare = shape.path.partition("?")[0]
        rest = [q for q in match.query_parameters if q.name != parameter.name]
        query = "&".join(f"{q.name}={_query_value(q)}" for q in rest)
        field = f"match.queryParameters.{parameter.name}"
        yield Miss(field, f"no {parameter.name}", replace(shape, path=f"{bare}?{query}" if query else bare))


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
