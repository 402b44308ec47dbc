"""A request that a gateway's rule takes."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from chaosmesh.load import RequestSpec
from chaosmesh.mesh import EntryRoute, Match, Pattern


def request_for(rule: EntryRoute, inner: str) -> tuple[RequestSpec, str] | None:
    """(request, host) that `rule` takes and that arrives as `inner` where its rewrite allows; an empty host: any.

    None where no example can be made up (regular expressions), or the rule is not for HTTP.
    """
    match = rule.match
    path = _path(rule, inner)
    headers = [(one.name, value) for one in match.headers if (value := _value(one)) is not None]
    query = [(one.name, value) for one in match.query if (value := _value(one)) is not None]
    wanted = sum(not one.invert for one in (*match.headers, *match.query))
    if rule.protocol not in ("http", "http2") or path is None or len(headers) + len(query) < wanted:
        return None
    host = match.host or (f"www{match.host_suffix}" if match.host_suffix else "")
    target = f"{path}?{urlencode(query)}" if query else path
    request = RequestSpec(match.method or "GET", target, tuple(headers), protocol=rule.protocol)
    return request, host


def takes(match: Match, request: RequestSpec, host: str) -> bool:
    """Whether a rule that stands earlier could take the request too; where that can't be told, it is assumed."""
    path = request.path.partition("?")[0]
    if match.path is not None and match.path != path:
        return False
    if match.prefix is not None and not path.startswith(match.prefix.rstrip("/")):
        return False
    if match.method is not None and match.method != request.method:
        return False
    if match.host is not None and match.host != host:
        return False
    if match.host_suffix is not None and not host.endswith(match.host_suffix):
        return False
    sent = {name.lower() for name, _ in request.headers}
    return all(one.invert or one.name.lower() in sent for one in match.headers)


def first_taker(rules: Sequence[EntryRoute], request: RequestSpec, host: str) -> EntryRoute | None:
    """The rule that gets the request."""
    return next((one for one in rules if takes(one.match, request, host)), None)


def _path(rule: EntryRoute, inner: str) -> str | None:
    """The path at the door."""
    match = rule.match
    if match.path is not None:
        return match.path
    if match.path_regex is not None:
        return None
    prefix, target = match.prefix or "/", rule.rewrite.prefix
    if target is None:
        return inner if inner.startswith(prefix) else prefix
    rest = inner.removeprefix(target.rstrip("/")) if inner.startswith(target.rstrip("/")) else "/"
    return f"{prefix.rstrip('/')}/{rest.lstrip('/')}"


def _value(pattern: Pattern) -> str | None:
    """A value that fulfils the pattern; None where it is left out, or none can be made up."""
    if pattern.invert:
        return None
    match pattern.kind:
        case "exact" | "prefix" | "suffix":
            return pattern.value or None
        case "range":
            return str(pattern.low)
        case "present":
            return "1"
        case _:
            return None
