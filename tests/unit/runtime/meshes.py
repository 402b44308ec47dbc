"""Small policies for the tests of the runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chaosmesh.errors import Where
from chaosmesh.mesh import (
    Discovery,
    Listener,
    Match,
    Mesh,
    Retry,
    Route,
    Service,
    ServicePort,
    Target,
    Timeout,
    Workload,
)
from chaosmesh.mesh.model import Protocol

HERE = Where("mesh.json", 3, 5)


def workload(
    name: str,
    *backends: str,
    ports: Sequence[int] = (8080,),
    protocol: str = "http",
    gateway: bool = False,
    discovery: str = "eds",
) -> Workload:
    listeners = tuple(Listener(port, protocol) for port in ports)  # type: ignore[arg-type]
    return Workload(name, listeners, backends, Discovery(discovery, name), gateway, where=HERE)  # type: ignore[arg-type]


def service(name: str, *targets: str, ports: Sequence[int] = (8080,), protocol: Protocol = "http") -> Service:
    retry = Retry(2, None, (503,), on_reset=True, on_connect_failure=True)
    arms = tuple(Target(one, 1) for one in targets)
    route = Route(
        f"router/{name}", f"{name}-route", protocol, Match(prefix="/"), arms, retry, Timeout(), HERE
    )
    return Service(name, tuple(ServicePort(port, protocol) for port in ports), (route,))


def mesh(
    workloads: Sequence[Workload], services: Mapping[str, Sequence[str]], protocol: Protocol = "http"
) -> Mesh:
    made = tuple(service(name, *targets, protocol=protocol) for name, targets in services.items())
    return Mesh("m", tuple(workloads), made)


def chain() -> Mesh:
    """front → flights → weather."""
    nodes = (workload("front", "flights.local"), workload("flights", "weather.local"), workload("weather"))
    return mesh(nodes, {"flights.local": ["flights"], "weather.local": ["weather"]})
