"""Single App Mesh rules in our own words: retry, timeout, match, pool, ejection, health check."""

from __future__ import annotations

from typing import Any

from chaosmesh.appmesh.profiles import OPEN, Profile
from chaosmesh.mesh import Breaker, Ejection, HealthCheck, Match, Pattern, Retry, Timeout

_STATUSES = {
    "server-error": (*range(500, 509), 510, 511),
    "gateway-error": (502, 503, 504),
    "client-error": (409,),
}
_RESETTING = {"server-error", "gateway-error"}


def retry(policy: Any, profile: Profile) -> Retry:
    """A written retry policy. Server and gateway errors stand for resets too."""
    events = set(policy.http_retry_events or ())
    return Retry(
        max_retries=policy.max_retries,
        per_try_timeout=policy.per_retry_timeout.seconds,
        statuses=tuple(sorted({status for event in events for status in _STATUSES.get(event, ())})),
        on_reset=bool(events & _RESETTING),
        on_connect_failure=bool(policy.tcp_retry_events),
        on_refused_stream="stream-error" in events,
        grpc=tuple(getattr(policy, "grpc_retry_events", None) or ()),
        avoid_previous_hosts=profile.avoid_previous_hosts,
    )


def timeout(written: Any, protocol: str, profile: Profile) -> Timeout:
    """Timeouts of a route or a listener; the profile's own where no request timeout is written."""
    request = getattr(written, "per_request", None)
    idle = getattr(written, "idle", None)
    default = None if protocol == "tcp" else profile.request_timeout
    return Timeout(request.seconds if request else default, idle.seconds if idle else None)


def match(kind: str, written: Any) -> Match:
    """Conditions of a route or a gateway route. A gRPC service and method are the two parts of the path."""
    if kind == "tcpRoute":
        return Match(port=written.port if written else None)
    host = getattr(written, "hostname", None)
    shared = {
        "port": written.port,
        "host": host.exact if host else None,
        "host_suffix": host.suffix if host else None,
    }
    if kind == "grpcRoute":
        service, method = written.service_name, getattr(written, "method_name", None)
        return Match(
            prefix=None if method else (f"/{service}/" if service else "/"),
            path=f"/{service}/{method}" if method else None,
            headers=tuple(pattern(one) for one in written.metadata or ()),
            **shared,
        )
    path = written.path
    return Match(
        prefix=written.prefix or (None if path else "/"),
        path=path.exact if path else None,
        path_regex=path.regex if path else None,
        method=written.method,
        scheme=getattr(written, "scheme", None),  # gateway routes have none
        headers=tuple(pattern(one) for one in written.headers or ()),
        query=tuple(_query(one) for one in written.query_parameters or ()),
        **shared,
    )


def pattern(one: Any) -> Pattern:
    """A condition on a header; without a match it asks for presence, inverted for absence."""
    invert = bool(one.invert)
    if one.match is None:
        return Pattern(one.name, "present", invert=invert)
    kind, value = one.match.member
    if kind == "range":
        return Pattern(one.name, "range", low=value.start, high=value.end, invert=invert)
    return Pattern(one.name, kind, value, invert=invert)


def _query(one: Any) -> Pattern:
    if one.match is None or one.match.exact is None:
        return Pattern(one.name, "present")
    return Pattern(one.name, "exact", one.match.exact)


def pool(written: Any) -> Breaker:
    """A connection pool; App Mesh leaves pending requests unlimited where they are not written."""
    kind, limits = written.member
    if kind == "http":
        return Breaker(
            max_connections=limits.max_connections, max_pending=limits.max_pending_requests or OPEN
        )
    if kind == "tcp":
        return Breaker(max_connections=limits.max_connections)
    return Breaker(max_requests=limits.max_requests)


def ejection(written: Any) -> Ejection:
    """Outlier detection."""
    return Ejection(
        errors=written.max_server_errors,
        interval=written.interval.seconds,
        base=written.base_ejection_duration.seconds,
        max_percent=written.max_ejection_percent,
    )


def health(written: Any) -> HealthCheck:
    """Active health check."""
    return HealthCheck(
        protocol=written.protocol,
        healthy=written.healthy_threshold,
        unhealthy=written.unhealthy_threshold,
        interval=written.interval_millis / 1000,
        timeout=written.timeout_millis / 1000,
        path=written.path,
        port=written.port,
    )
