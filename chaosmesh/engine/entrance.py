"""Where users' requests come in so that they reach an edge."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.engine.stack import Stack
from chaosmesh.engine.standins import known_path
from chaosmesh.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Entrance:
    """`workload` is where requests come in, `url` and `host` how they are sent there, `path` what is asked for
    where the scenario says nothing."""

    workload: str
    url: str
    host: str
    path: str = "/"


def entrance(stack: Stack, edge: tuple[str, str]) -> Entrance:
    """The first entry that leads to the edge's client, by its door. Where none can be called over HTTP/1.1
    (gateways, workloads without a listener) the client itself, by its own sidecar."""
    client, service = edge
    entry = entry_of(stack.mesh, stack.topology.entries, client)
    if _callable(stack.mesh, entry):
        return Entrance(entry, stack.entry_url(entry), entry)
    routes = [route for route in stack.mesh.service(service).routes if route.protocol == "http"]
    path = known_path(routes, ["/"]) or "/"
    return Entrance(client, stack.egress_url(client, service), service, path)


def entry_of(mesh: Mesh, entries: tuple[str, ...], client: str) -> str:
    """Name of the workload at which requests for `client` come in."""
    for entry in entries:
        if _callable(mesh, entry) and client in reachable(mesh, entry):
            return entry
    return client


def reachable(mesh: Mesh, entry: str) -> set[str]:
    """Workloads that a request at `entry` may come to, the entry included."""
    found: set[str] = set()
    waiting = [entry]
    names = {service.name for service in mesh.services}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for service in mesh.workload(name).backends:
            if service in names:
                waiting.extend(mesh.targets(service))
    return found


def _callable(mesh: Mesh, name: str) -> bool:
    """Gateways have no application that calls on, so that nothing would come of a request to one."""
    workload = mesh.workload(name)
    return not workload.gateway and any(one.protocol == "http" for one in workload.listeners)
