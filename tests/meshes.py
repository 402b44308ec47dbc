"""Small meshes with addresses, made without documents: for tests of what comes after the translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from chaosmesh.errors import Where
from chaosmesh.mesh import (
    Breaker,
    Discovery,
    EdgeProxy,
    Egress,
    Listener,
    Match,
    Mesh,
    Replica,
    Retry,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Topology,
    Workload,
)

HERE = Where("mesh.yaml", 1, 1)
Protocol = Literal["http", "http2", "grpc", "tcp"]
OPEN = Breaker(2**31 - 1, 2**31 - 1, 2**31 - 1, 2**31 - 1)


def route(
    service: str,
    name: str,
    targets: Mapping[str, int],
    *,
    match: Match | None = None,
    retry: Retry | None = None,
    timeout: Timeout | None = None,
    protocol: Protocol = "http",
) -> Route:
    """A route with an id in the manner of the documents."""
    return Route(
        id=f"virtualRouter/{service}/route/{name}",
        name=name,
        protocol=protocol,
        match=match or Match(prefix="/"),
        targets=tuple(Target(workload, weight) for workload, weight in targets.items()),
        retry=retry,
        timeout=timeout or Timeout(),
        where=HERE,
    )


def workload(
    name: str, *backends: str, port: int = 8080, protocol: Protocol = "http", **listener: object
) -> Workload:
    """A workload with one listener."""
    return Workload(
        name,
        (Listener(port, protocol, **listener),),  # type: ignore[arg-type]
        backends,
        Discovery("eds", f"{name}.local"),
    )


def service(name: str, *routes: Route, port: int = 8080, protocol: Protocol = "http") -> Service:
    """A service on one port."""
    return Service(name, (ServicePort(port, protocol),), routes)


def mesh(workloads: Sequence[Workload], services: Sequence[Service], name: str = "test") -> Mesh:
    """A mesh with open breakers, App Mesh's default."""
    return Mesh(name, tuple(workloads), tuple(services), breaker=OPEN)


def pair(*routes: Route, arms: Sequence[str] = ("blue",)) -> Mesh:
    """`front` calls the service `color`, which the arms serve."""
    routes = routes or (route("color", "all", dict.fromkeys(arms, 1)),)
    return mesh([workload("front", "color"), *(workload(one) for one in arms)], [service("color", *routes)])


def topology(
    mesh: Mesh,
    subnet: str,
    *,
    replicas: Mapping[str, int] | None = None,
    doors: Sequence[str] = (),
    direct: bool = True,
) -> Topology:
    """Addresses in `subnet` (two numbers: "127.201"). `direct`: clients meet the sidecar without a proxy between."""
    copies = [(one, i) for one in mesh.workloads for i in range((replicas or {}).get(one.name, 1))]
    made = tuple(
        Replica(
            one.name,
            i,
            f"{subnet}.1.{n}",
            f"{subnet}.2.{n}",
            f"{subnet}.3.{n}" if one.name in doors else None,
        )
        for n, (one, i) in enumerate(copies, 1)
    )
    edges = [
        (client.name, server)
        for client in mesh.workloads
        for server in made
        if any(server.node in mesh.targets(backend) for backend in client.backends)
    ]
    proxies = tuple(
        EdgeProxy(
            client,
            server.node,
            server.index,
            server.sidecar if direct else f"{subnet}.4.{n}",
            tuple(one.port for one in mesh.workload(server.node).listeners),
        )
        for n, (client, server) in enumerate(edges, 1)
    )
    calls = [(one, backend) for one in made for backend in mesh.workload(one.node).backends]
    egresses = tuple(
        Egress(one.node, one.index, name, f"{subnet}.5.{n}", tuple(p.port for p in mesh.service(name).ports))
        for n, (one, name) in enumerate(calls, 1)
    )
    return Topology("test", made, proxies, egresses, tuple(doors))
