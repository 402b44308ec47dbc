"""Gateways with their routes, for tests of what comes after the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.mesh import EntryRoute, Listener, Match, Mesh, Rewrite, Timeout, Workload
from tests.meshes import HERE, Protocol, mesh, route, service, workload


def entry_route(
    name: str,
    service: str,
    match: Match,
    rewrite: Rewrite | None = None,
    *,
    port: int | None = None,
    protocol: Protocol = "http",
) -> EntryRoute:
    """A gateway route with an id in the manner of the documents."""
    return EntryRoute(
        id=f"virtualGateway/door/gatewayRoute/{name}",
        name=name,
        protocol=protocol,
        match=match,
        service=service,
        port=port,
        rewrite=rewrite or Rewrite(prefix="/"),
        where=HERE,
    )


def gateway(*routes: EntryRoute, listeners: Sequence[Listener] = (Listener(8088, "http"),)) -> Workload:
    """The gateway `door`, whose backends are what its routes name."""
    return Workload(
        name="door",
        listeners=tuple(replace(one, timeout=Timeout(15)) for one in listeners),
        backends=tuple(dict.fromkeys(one.service for one in routes)),
        discovery=None,
        gateway=True,
        entry_routes=routes,
    )


def behind(made: Workload, *names: str) -> Mesh:
    """A mesh of a gateway and one workload behind each service of these names ("red" serves "red.local")."""
    services = [service(f"{one}.local", route(f"{one}.local", "all", {one: 1})) for one in names]
    return mesh([made, *(workload(one) for one in names)], services)
