"""Mixes taken from an access log.

Formats: the common and combined ones of Apache and nginx; Envoy's default; JSON lines with a key for method and path.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from chaosmesh.errors import Where
from chaosmesh.load.plan import Protocol, RequestSpec
from chaosmesh.load.recorded import Kind, bad, counted, text_of

_FORMATS = "common or combined log, Envoy's default format, or JSON lines with method and path"
_COMMON = re.compile(
    r'\S+ \S+ \S+ \[[^\]]+\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?:\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?.*'
)
_ENVOY = re.compile(
    r'\[\d{4}-\d\d-\d\dT[^\]]+\] "(?P<request>[^"]*)" (?P<status>\d+) \S+(?: \S+)? .*?'
    r'"(?P<forwarded>[^"]*)" "(?P<agent>[^"]*)" "[^"]*" "(?P<host>[^"]*)" "[^"]*".*'
)
_REQUEST = re.compile(r"(?P<method>[A-Z][A-Z0-9_-]*) (?P<path>/\S*|\*|https?://\S+)(?: HTTP/\d(?:\.\d)?)?")
_METHODS = ("method", "request_method", "http_method", "verb")
_PATHS = ("path", "request_uri", "uri", "url", "request_path", "target")


def from_access_log(
    file: str | Path, *, headers: Sequence[str] = (), protocol: Protocol = "http"
) -> tuple[RequestSpec, ...]:
    """The mix of an access log. `headers` are kept where the log has them: those that name cohorts.

    A request that never was one (`"-"`) is passed over; any other line that can't be read is a DocumentError.
    """
    path = Path(file)
    kinds: Counter[Kind] = Counter()
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        if line.strip() and (kind := _of_line(line, headers, Where(str(path), number))) is not None:
            kinds[kind] += 1
    return counted(kinds, protocol, path, "no request in it", _FORMATS)


def _of_line(line: str, headers: Sequence[str], where: Where) -> Kind | None:
    if line.lstrip().startswith("{"):
        return _of_json(line, headers, where)
    match = _ENVOY.fullmatch(line) or _COMMON.fullmatch(line)
    if match is None:
        raise bad(where, f"no line of an access log: {line[:80]!r}", _FORMATS)
    parts = match.groupdict()
    if not _has_request(parts["request"]):
        return None
    known = {"user-agent": parts.get("agent"), "referer": parts.get("referer")}
    return _kind(parts["request"], headers, known.get, where)


def _of_json(line: str, headers: Sequence[str], where: Where) -> Kind | None:
    try:
        tree = json.loads(line)
    except ValueError as error:
        raise bad(where, f"not JSON: {error}", _FORMATS) from None
    names = {_plain(name): value for name, value in tree.items()}
    inner = names.get("headers")
    if isinstance(inner, Mapping):
        names |= {_plain(name): value for name, value in inner.items()}
    method, target = (next((names[one] for one in keys if one in names), None) for keys in (_METHODS, _PATHS))
    line_ = f"{method} {target}" if method and target else names.get("request")
    if not isinstance(line_, str):
        raise bad(where, "a line without method and path", f"keys {_METHODS[0]} and {_PATHS[0]}, or request")
    if not _has_request(line_):
        return None
    return _kind(line_, headers, lambda name: names.get(_plain(name)), where)


def _has_request(text: str) -> bool:
    """Servers log `-` or raw bytes for what was no request; Envoy `- - HTTP/1.1` and the like."""
    return not (text.strip(" -") == "" or text.startswith(("\\x", "- ")))


def _kind(text: str, headers: Sequence[str], value: Callable[[str], object], where: Where) -> Kind:
    match = _REQUEST.fullmatch(text)
    if match is None:
        raise bad(where, f"no request: {text[:80]!r}", 'like "GET /path HTTP/1.1"')
    kept = ((name, value(name.lower())) for name in headers)
    return (
        match["method"],
        _target(match["path"]),
        tuple((name, str(found)) for name, found in kept if found not in (None, "", "-")),
        b"",
    )


def _target(url: str) -> str:
    """Path and query of a request target in any form."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
