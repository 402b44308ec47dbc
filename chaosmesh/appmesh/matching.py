"""Whether a request fulfils the conditions that a document declares: App Mesh's words, read without translation.

Paths are compared as App Mesh's proxies compared them: normalised, with slashes merged (user guide, routes).
Queries are compared as they are sent, without decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.appmesh.resources import Resource

_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a client sends it. `path` may carry a query; header names in any case; `host` without its port;
    `port` is the service's, or the gateway's where a request comes in at one."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    port: int | None = None
    host: str = ""


def matches(route: Resource, request: Request) -> bool:
    """Whether a route or a gateway route takes a request, looked at alone."""
    match = route.spec.body.match
    if match is None:
        return True
    if match.port is not None and request.port is not None and match.port != request.port:
        return False
    if getattr(route.spec, "tcp_route", None):
        return True
    entry = route.kind == "gatewayRoute"
    if entry and not _host(match.hostname, request.host):
        return False
    path, _, query = request.path.partition("?")
    path, headers = normalised(path), _headers(request)
    if route.spec.grpc_route:
        return _rpc(match, path) and _all(match.metadata, headers)
    return (
        _path(match, path, entry=entry)
        and (match.method is None or match.method == request.method)
        and getattr(match, "scheme", None) in {None, request.scheme}
        and _all(match.headers, headers)
        and _query(match.query_parameters, _parameters(query))
    )


def holds(match: Any, value: str) -> bool:
    """Whether a header's value fulfils a written condition (exact, prefix, suffix, regex or range), not inverted."""
    kind, wanted = match.member
    if kind == "range":
        return _NUMBER.fullmatch(value) is not None and wanted.start <= int(value) < wanted.end
    if kind == "regex":
        return re.fullmatch(wanted, value) is not None
    if kind == "prefix":
        return value.startswith(wanted)
    return bool(value.endswith(wanted) if kind == "suffix" else value == wanted)


def normalised(path: str) -> str:
    """A path without `.` and `..`, needless escapes and repeated slashes; escaped slashes stay as they are."""
    plain = _ESCAPED.sub(_plain, path.replace("\\", "/"))
    kept: list[str] = []
    steps = plain.split("/")[1:]
    for step in steps:
        if step == "..":
            del kept[-1:]
        elif step != ".":
            kept.append(step)
    if steps and steps[-1] in {".", ".."}:
        kept.append("")
    merged = [step for step in kept if step]
    # nothing but slashes is left as two of them: what the proxies did, seen on one
    return "/" + "/".join(merged) + ("/" if kept[1:] and not kept[-1] else "")


def _plain(escaped: re.Match[str]) -> str:
    meant = chr(int(escaped[1], 16))
    return meant if meant in _UNRESERVED else escaped[0]


def _headers(request: Request) -> dict[str, str]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    own = {":method": request.method, ":scheme": request.scheme, ":path": request.path}
    return headers | own | ({":authority": request.host, "host": request.host} if request.host else {})


def _host(written: Any, host: str) -> bool:
    if written is None:
        return True
    kind, wanted = written.member
    seen, wanted = host.lower(), wanted.lower()
    return bool(seen.endswith(wanted) if kind == "suffix" else seen == wanted)


def _path(match: Any, path: str, *, entry: bool) -> bool:
    """A gateway took a prefix with and without its final slash (seen in a configuration dump)."""
    if match.prefix is not None:
        prefix = match.prefix.rstrip("/") if entry else match.prefix
        if not path.startswith(prefix):
            return False
    if match.path is None:
        return True
    if match.path.exact is not None:
        return bool(path == match.path.exact)
    return re.fullmatch(match.path.regex, path) is not None


def _rpc(match: Any, path: str) -> bool:
    service, _, method = path.removeprefix("/").partition("/")
    return match.service_name in {None, service} and getattr(match, "method_name", None) in {None, method}


def _all(conditions: Iterable[Any] | None, values: Mapping[str, str]) -> bool:
    return all(_fulfilled(one, values.get(one.name.lower())) for one in conditions or ())


def _fulfilled(condition: Any, value: str | None) -> bool:
    """A header that is not there fulfils no match; inverted, the answer is turned around."""
    held = value is not None and (condition.match is None or holds(condition.match, value))
    return held != bool(condition.invert)


def _parameters(query: str) -> dict[str, str]:
    """Names and values as they stand; of a name that is given twice the first value counts."""
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        found.setdefault(name, value)
    return found


def _query(conditions: Iterable[Any] | None, values: Mapping[str, str]) -> bool:
    for one in conditions or ():
        exact = one.match.exact if one.match else None
        if one.name not in values or (exact is not None and values[one.name] != exact):
            return False
    return True
