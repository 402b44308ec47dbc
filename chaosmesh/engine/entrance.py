"""Where users' requests come in so that they reach an edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chaosmesh.engine.shapes import first_taker, request_for
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.standins import known_path
from chaosmesh.load import RequestSpec, Tls
from chaosmesh.mesh import Mesh, Workload

ROOT = RequestSpec()
"""A GET of the root."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """`workload` is where requests come in, `url`, `host` and `tls` how they are sent there, `request` what is asked
    for where the scenario says nothing. `first`: the service that a gateway sends it to."""

    workload: str
    url: str
    host: str
    request: RequestSpec = ROOT
    tls: Tls | None = None
    first: str | None = None

    def seen(self, mesh: Mesh) -> Mesh:
        """The mesh as these requests meet it: a gateway passes them to one service only."""
        if self.first is None:
            return mesh
        narrow = (
            replace(w, backends=(self.first,)) if w.name == self.workload else w for w in mesh.workloads
        )
        return replace(mesh, workloads=tuple(narrow))


def entrance(stack: Stack, edge: tuple[str, str]) -> Entrance:
    """The first entry that leads to the edge, by its door: a gateway with a request that its rules take, or a
    workload that is called over HTTP/1.1. Where there is none, the client itself, by its own sidecar."""
    client, service = edge
    for entry in stack.topology.entries:
        workload = stack.mesh.workload(entry)
        if workload.gateway:
            for request, host, first in _ways(stack.mesh, workload, edge):
                url, tls = stack.entry_url(entry), stack.entry_tls(entry)
                return Entrance(entry, url, host or entry, request, tls, first)
        elif callable_(stack.mesh, entry) and client in reachable(stack.mesh, entry):
            return Entrance(entry, stack.entry_url(entry), entry, tls=stack.entry_tls(entry))
    if callable_(stack.mesh, client):
        return Entrance(client, stack.entry_url(client), client, tls=stack.entry_tls(client))
    path = _inner_path(stack.mesh, service)
    return Entrance(client, stack.egress_url(client, service), service, RequestSpec(path=path))


def entry_of(mesh: Mesh, entries: tuple[str, ...], client: str) -> str:
    """Name of the workload at which requests for `client` come in."""
    for entry in entries:
        if callable_(mesh, entry) and client in reachable(mesh, entry):
            return entry
    return client


def reachable(mesh: Mesh, entry: str) -> set[str]:
    """Workloads that a request at `entry` may come to, the entry included."""
    return {entry}.union(*(_behind(mesh, service) for service in mesh.workload(entry).backends))


def callable_(mesh: Mesh, name: str) -> bool:
    """Whether a workload has an application that is called over HTTP/1.1 and calls on; gateways have none."""
    workload = mesh.workload(name)
    return not workload.gateway and any(one.protocol == "http" for one in workload.listeners)


def _ways(mesh: Mesh, gateway: Workload, edge: tuple[str, str]) -> Iterator[tuple[RequestSpec, str, str]]:
    """(request, host, service) for every rule of a gateway that leads along the edge."""
    client, service = edge
    front = next((one for one in gateway.listeners if one.protocol == "http"), None)
    if front is None:
        return
    rules = [one for one in gateway.entry_routes if one.match.port in (None, front.port)]
    for rule in rules:
        leads = rule.service == service if client == gateway.name else client in _behind(mesh, rule.service)
        made = request_for(rule, _inner_path(mesh, rule.service)) if leads else None
        if made is not None:
            request, host = made
            if first_taker(rules, request, host or gateway.name) is rule:
                yield replace(request, protocol="http"), host, rule.service


def _inner_path(mesh: Mesh, service: str) -> str:
    routes = [one for one in mesh.service(service).routes if one.protocol in ("http", "http2")]
    return (known_path(routes, ["/"]) if routes else "") or "/"


def _behind(mesh: Mesh, service: str) -> set[str]:
    """Workloads that a call of a service may come to."""
    names = {one.name for one in mesh.services}
    found: set[str] = set()
    waiting = [service]
    while waiting:
        name = waiting.pop()
        for target in mesh.targets(name) if name in names else ():
            if target not in found:
                found.add(target)
                waiting.extend(mesh.workload(target).backends)
    return found
