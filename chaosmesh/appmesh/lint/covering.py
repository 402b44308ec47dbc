"""Whether every request that one route matches is matched by another: enough for it to hide the first.

The answer is on the safe side: True only where it follows from the written conditions one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chaosmesh.appmesh.lint.model import kind
from chaosmesh.appmesh.matching import holds
from chaosmesh.appmesh.resources import Resource


def covers(wide: Resource, narrow: Resource) -> bool:
    """Whether `wide` matches all that `narrow` matches."""
    if kind(wide) != kind(narrow):
        return False
    one, other = wide.spec.body.match, narrow.spec.body.match
    if one is None:
        return True
    if one.port is not None and (other is None or one.port != other.port):
        return False
    if kind(wide) == "tcpRoute":
        return True
    if not _host(getattr(one, "hostname", None), getattr(other, "hostname", None)):
        return False
    if kind(wide) == "grpcRoute":
        return _rpc(one, other) and _conditions(one.metadata, other.metadata)
    return (
        _path(one, other)
        and one.method in (None, other.method)
        and getattr(one, "scheme", None) in (None, getattr(other, "scheme", None))
        and _conditions(one.headers, other.headers)
        and _query(one.query_parameters, other.query_parameters)
    )


def _host(one: Any, other: Any) -> bool:
    if one is None:
        return True
    if other is None:
        return False
    if one.exact is not None:
        return bool(one.exact == other.exact)
    return str(other.exact if other.exact is not None else other.suffix).endswith(one.suffix)


def _rpc(one: Any, other: Any) -> bool:
    return one.service_name in (None, other.service_name) and getattr(one, "method_name", None) in (
        None,
        getattr(other, "method_name", None),
    )


def _path(one: Any, other: Any) -> bool:
    if one.prefix is not None:
        if other.path is not None and other.path.regex is not None:
            return bool(one.prefix == "/")
        literal = other.path.exact if other.path is not None else other.prefix
        return one.prefix == "/" or (literal or "").startswith(one.prefix)
    if one.path is None:
        return True
    if other.path is None:
        return False
    if one.path.exact is not None:
        return bool(one.path.exact == other.path.exact)
    if other.path.regex is not None:
        return bool(one.path.regex == other.path.regex)
    return _fits(one.path.regex, other.path.exact)


def _fits(pattern: str, literal: str) -> bool:
    try:
        return re.fullmatch(pattern, literal) is not None
    except re.error:
        return False


def _conditions(wide: Iterable[Any] | None, narrow: Iterable[Any] | None) -> bool:
    return all(any(_implied(one, other) for other in narrow or ()) for one in wide or ())


def _implied(one: Any, other: Any) -> bool:
    """Whether a value that fulfils `other` fulfils `one`."""
    if one.name.lower() != other.name.lower():
        return False
    if bool(one.invert) == bool(other.invert) and one.match == other.match:
        return True
    if one.invert or other.invert or other.match is None:
        return False
    if one.match is None:
        return True
    name, value = other.match.member
    if name == "exact":
        return holds(one.match, value)
    wide_name, wide = one.match.member
    if name == wide_name == "prefix":
        return bool(value.startswith(wide))
    if name == wide_name == "suffix":
        return bool(value.endswith(wide))
    return bool(name == wide_name == "range" and wide.start <= value.start and value.end <= wide.end)


def _query(wide: Iterable[Any] | None, narrow: Iterable[Any] | None) -> bool:
    return all(
        any(one.name == other.name and (_exact(one) in (None, _exact(other))) for other in narrow or ())
        for one in wide or ()
    )


def _exact(one: Any) -> str | None:
    return one.match.exact if one.match is not None else None
