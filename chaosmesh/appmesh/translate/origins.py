"""Which clause stands behind which field of a translated route."""

from __future__ import annotations

from collections.abc import Callable

from chaosmesh.appmesh.clauses import Declared, clauses_of
from chaosmesh.appmesh.resources import Resource
from chaosmesh.mesh import Clause

_FIELDS = {  # field of a route in App Mesh's words → field of our own
    "match.serviceName": "match.prefix",
    "match.methodName": "match.path",
    "action.weightedTargets": "targets",
    "retryPolicy.maxRetries": "retry.max_retries",
    "retryPolicy.perRetryTimeout": "retry.per_try_timeout",
    "retryPolicy.httpRetryEvents.stream-error": "retry.on_refused_stream",
    "retryPolicy.tcpRetryEvents.connection-error": "retry.on_connect_failure",
    "timeout.perRequest": "timeout.request",
    "timeout.idle": "timeout.idle",
    "action.target": "service",
    "action.rewrite.prefix": "rewrite.prefix",
    "action.rewrite.path": "rewrite.path",
    "action.rewrite.hostname": "rewrite.host",
}
_GROUPS = {
    "match.headers.": "match.headers.",
    "match.metadata.": "match.headers.",
    "match.queryParameters.": "match.query.",
    "retryPolicy.httpRetryEvents.": "retry.statuses",
    "retryPolicy.grpcRetryEvents.": "retry.grpc",
}


def of_route(route: Resource) -> dict[str, Clause]:
    """The clauses of a route by the fields of `mesh.Route`."""
    found = _by_field(route, _field)
    if any(field.startswith("retry.") for field in found):
        (kind,) = route.spec.kinds
        found["retry"] = Clause(f"{route.id}/retryPolicy", route.place(kind, "retryPolicy"))
    return found


def of_entry(route: Resource) -> dict[str, Clause]:
    """The clauses of a gateway route by the fields of `mesh.EntryRoute`."""
    found = _by_field(route, _field)
    if getattr(route.spec.body.action.target, "port", None) is not None:
        found["port"] = found["service"]
    return found


def _by_field(route: Resource, field: Callable[[Declared], str]) -> dict[str, Clause]:
    found: dict[str, Clause] = {}
    for declared in clauses_of(route):
        found.setdefault(field(declared), Clause(declared.id, declared.where))
    return found


def _field(declared: Declared) -> str:
    field = declared.field
    if field == "match.path":
        return "match.path" if declared.value.exact else "match.path_regex"
    if field == "match.hostname":
        return "match.host" if declared.value.exact else "match.host_suffix"
    if field in _FIELDS:
        return _FIELDS[field]
    for start, own in _GROUPS.items():
        if field.startswith(start):
            return own + field.removeprefix(start) if own.endswith(".") else own
    return field
