"""Gateways: what comes in is matched, rewritten and sent to the sidecar's own egress, as App Mesh did it.

There it meets the virtual host of its service with that service's routes, retries and timeouts. A request that
keeps its host can't be told by it, so it carries the service's name in a header, for which the egress has one
more virtual host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from chaosmesh.envoy import clusters, matching, names
from chaosmesh.envoy.actions import call_headers, header, literal, marked, timeouts
from chaosmesh.envoy.forms import Json
from chaosmesh.mesh import EntryRoute, Listener, Match, Mesh, Replica, Service, Workload

SERVICE: Final = "x-app-mesh-virtual-service"
"""Names the service of a request that keeps its user's host."""


def redirect(mesh: Mesh, workload: Workload, replica: Replica, listener: Listener) -> Json:
    """The way from one listener to the own egress; a connection pool of the listener limits it."""
    name = _redirect_name(mesh, workload, listener)
    return clusters.local(mesh, name, replica.sidecar, names.EGRESS_PORT, listener)


def entry(mesh: Mesh, workload: Workload, listener: Listener, *, door: bool = False) -> Json:
    """Which request goes to which service. All rules stand in one virtual host: their order decides, not their
    hosts. What no rule takes is 404; steering headers of outsiders end at a door."""
    cluster = _redirect_name(mesh, workload, listener)
    rules = [one for one in workload.entry_routes if one.match.port in (None, listener.port)]
    host = {
        "name": "ingress",
        "domains": ["*"],
        "routes": [route for rule in rules for route in _routes(rule, listener, cluster)],
    }
    name = names.door_routes(listener.port) if door else names.ingress_routes(listener.port)
    config: Json = {"name": name, "virtual_hosts": [host]}
    if door:
        config["internal_only_headers"] = list(names.STEERING)
    return config


def hostless(
    workload: Workload, services: Iterable[Service], routes: Callable[[Service, int], list[Json]]
) -> list[Json]:
    """The routes of the egress for requests that kept their user's host; `routes` gives those of a service's port."""
    known = {one.name: one for one in services}
    kept = {(rule.service, rule.port) for rule in workload.entry_routes if not rule.rewrite.host}
    return [
        _by_header(workload, name, _address(name, port), route)
        for name, port in sorted(kept, key=lambda one: (one[0], one[1] or 0))
        if name in known and (number := port or _first_port(known[name]))
        for route in routes(known[name], number)
    ]


def _redirect_name(mesh: Mesh, workload: Workload, listener: Listener) -> str:
    own = f"_{listener.port}" if len(workload.listeners) > 1 else ""
    return (
        f"cds_ingress_{mesh.name}_{workload.name}_self_redirect{own}_{listener.protocol}_{names.EGRESS_PORT}"
    )


def _address(service: str, port: int | None) -> str:
    return service if port is None else f"{service}:{port}"


def _first_port(service: Service) -> int | None:
    return next((one.port for one in service.ports if one.protocol != "tcp"), None)


def _routes(rule: EntryRoute, listener: Listener, cluster: str) -> Iterator[Json]:
    """One rule in all its forms, which carry one mark."""
    action = {"cluster": cluster, **timeouts(listener.timeout)}
    keeps_host: Json = {}
    if rule.rewrite.host:
        action["host_rewrite_literal"] = _address(rule.service, rule.port)
    else:
        keeps_host = {
            "request_headers_to_add": [header(SERVICE, literal(_address(rule.service, rule.port)))],
            "response_headers_to_remove": [SERVICE],
        }
    forms = [
        {"name": rule.name, "match": _match(condition), "route": {**action, **rewrite}, **keeps_host}
        for condition, rewrite in _forms(rule)
    ]
    return (marked(one, rule.id, {}, forms) for one in forms)


def _forms(rule: EntryRoute) -> Iterator[tuple[Match, Json]]:
    """A prefix stands twice, with its final slash first: `/p/x` must not become `//x`, nor `/p` be left out."""
    match, rewrite = rule.match, rule.rewrite
    if match.path is not None:
        yield match, {} if rewrite.path is None else {"prefix_rewrite": rewrite.path}
    elif match.path_regex is not None:
        yield match, {} if rewrite.path is None else {"regex_rewrite": _whole(rewrite.path)}
    elif rule.protocol == "grpc":
        yield match, {}
    else:
        prefix = match.prefix or "/"
        bare = prefix.rstrip("/")
        target = prefix if rewrite.prefix is None else rewrite.prefix
        yield replace(match, prefix=f"{bare}/"), {"prefix_rewrite": f"{target.rstrip('/')}/"}
        if bare:
            yield replace(match, prefix=bare), {"prefix_rewrite": bare if target == prefix else target}


def _whole(path: str) -> Json:
    return {"pattern": {"regex": "^/.*$"}, "substitution": path.replace("\\", "\\\\")}


def _match(condition: Match) -> Json:
    result = matching.match(condition)
    expression = _authority(condition)
    if expression:
        authority = {"name": ":authority", "string_match": {"safe_regex": {"regex": expression}}}
        result["headers"] = [authority, *result.get("headers", [])]
    return result


def _authority(condition: Match) -> str:
    """Hosts are the same in capitals, and with a port behind them."""
    if condition.host is not None:
        return f"(?i){re.escape(condition.host)}(:[0-9]+)?"
    if condition.host_suffix is not None:
        return f"(?i).*{re.escape(condition.host_suffix)}(:[0-9]+)?"
    return ""


def _by_header(workload: Workload, service: str, value: str, route: Json) -> Json:
    told = {"name": SERVICE, "string_match": {"exact": value}}
    match = {**route["match"], "headers": [told, *route["match"].get("headers", [])]}
    return {**route, "match": match, "request_headers_to_add": call_headers(workload.name, literal(service))}
