"""Conditions of a route in Envoy's words."""

from __future__ import annotations

from chaosmesh.envoy.forms import Json
from chaosmesh.mesh import Match, Pattern


def match(condition: Match) -> Json:
    """The conditions of one route; without a path every path will do."""
    result = _path(condition)
    headers = [_header(one) for one in condition.headers]
    for name, value in ((":method", condition.method), (":scheme", condition.scheme)):
        if value:
            headers.append({"name": name, "string_match": {"exact": value}})
    if headers:
        result["headers"] = headers
    if condition.query:
        result["query_parameters"] = [_query(one) for one in condition.query]
    return result


def _path(condition: Match) -> Json:
    if condition.path is not None:
        return {"path": condition.path}
    if condition.path_regex is not None:
        return {"safe_regex": {"regex": condition.path_regex}}
    return {"prefix": condition.prefix or "/"}


def _header(pattern: Pattern) -> Json:
    """A header that is not there fulfils nothing, and so everything that is inverted: Envoy is told to compare an
    empty text then, for by itself it takes neither the condition nor its opposite as fulfilled."""
    result: Json = {"name": pattern.name}
    if pattern.kind == "present":
        result["present_match"] = True
    elif pattern.kind == "range":
        result["range_match"] = {"start": pattern.low, "end": pattern.high}
    else:
        result["string_match"] = _text(pattern)
    if pattern.invert:
        result["invert_match"] = True
        if pattern.kind != "present":
            result["treat_missing_header_as_empty"] = True
    return result


def _query(pattern: Pattern) -> Json:
    if pattern.kind == "present":
        return {"name": pattern.name, "present_match": True}
    return {"name": pattern.name, "string_match": _text(pattern)}


def _text(pattern: Pattern) -> Json:
    return (
        {"safe_regex": {"regex": pattern.value}} if pattern.kind == "regex" else {pattern.kind: pattern.value}
    )
