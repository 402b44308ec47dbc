"""Gives every part of a run its own loopback addresses.

A run owns 127.R.0.0/16. The third octet tells the kind: 0 the runtime's own servers, 16–31 sidecars,
32–47 applications, 48–63 doors, 64–159 edge proxies, 160–255 egress addresses. A replica has the same
last two octets in its first three blocks (sidecar 127.R.16.3 ↔ application 127.R.32.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chaosmesh.errors import UsageError
from chaosmesh.mesh import EdgeProxy, Egress, Mesh, Replica, Topology, Workload

SIDECARS, APPS, DOORS, PROXIES, EGRESSES, END = 16, 32, 48, 64, 160, 256
HOSTS = 254  # 1 to 254: last octets 0 and 255 look like a network to people and tools


def lay_out(
    mesh: Mesh,
    *,
    run: str,
    subnet: str,
    replicas: Mapping[str, int] | None = None,
    entries: Sequence[str] = (),
) -> Topology:
    """Addresses of everything that runs for `mesh`; pure, the same answer for the same input.

    `subnet` is "127.R". `replicas` maps a workload to its number of copies; the default is 2 for a workload
    that is called and that its clients can tell apart, else 1. `entries` are the workloads where users come
    in; the default is the gateways, else the workloads that nobody calls, else the first one.
    Raises UsageError for names and numbers that can't be.
    """
    counts = _counts(mesh, replicas or {})
    doors = tuple(entries) or _default_entries(mesh)
    _known(mesh, doors, "entry")
    copies = tuple(_replicas(mesh, subnet, counts, doors))
    return Topology(
        run=run,
        replicas=copies,
        proxies=tuple(_proxies(mesh, subnet, counts)),
        egresses=tuple(_egresses(mesh, subnet, counts)),
        entries=doors,
    )


def widened(topology: Topology, mesh: Mesh) -> Topology:
    """The same topology with proxies for the edges that another policy of the same workloads adds.

    What is there keeps its address, whether the new policy uses it or not.
    """
    have = {(one.client, one.server) for one in topology.proxies}
    taken = {one.address for one in topology.proxies}
    subnet = api_address(topology).removesuffix(".0.1")
    free = (one for one in _addresses(subnet, PROXIES, EGRESSES) if one not in taken)
    added = [
        EdgeProxy(client, server, one.index, next(free), _ports(mesh, server))
        for client, server in edges(mesh)
        if (client, server) not in have
        for one in topology.replicas_of(server)
    ]
    return replace(topology, proxies=(*topology.proxies, *added))


def api_address(topology: Topology) -> str:
    """Where the run's own servers (Toxiproxy's API) listen."""
    first, second, *_ = topology.replicas[0].sidecar.split(".")
    return f"{first}.{second}.0.1"


def called(mesh: Mesh) -> frozenset[str]:
    """Workloads that are the target of a route of some service."""
    return frozenset(target for service in mesh.services for target in mesh.targets(service.name))


def edges(mesh: Mesh) -> tuple[tuple[str, str], ...]:
    """Every (client workload, server workload) pair, each once, in document order."""
    names = {service.name for service in mesh.services}
    return tuple(
        dict.fromkeys(
            (client, target)
            for client, service in mesh.edges()
            if service in names
            for target in mesh.targets(service)
        )
    )


def _counts(mesh: Mesh, wanted: Mapping[str, int]) -> dict[str, int]:
    _known(mesh, wanted, "workload with replicas")
    hit = called(mesh)
    return {one.name: _count(one, wanted.get(one.name), one.name in hit) for one in mesh.workloads}


def _count(workload: Workload, wanted: int | None, is_called: bool) -> int:
    single = workload.discovery is not None and workload.discovery.kind == "logical_dns"
    if wanted is None:
        return 2 if is_called and not single else 1
    if wanted < 1:
        raise UsageError(f"{workload.name}: replicas is {wanted}, it must be 1 or more")
    if wanted > 1 and single:
        raise UsageError(
            f"{workload.name}: {wanted} replicas, but its DNS discovery makes it one host to its clients",
            where=workload.where,
            hint="keep 1 replica, or discover it by endpoints (DNS ENDPOINTS or Cloud Map)",
        )
    return wanted


def _known(mesh: Mesh, names: Mapping[str, int] | Sequence[str], role: str) -> None:
    have = [one.name for one in mesh.workloads]
    for name in names:
        if name not in have:
            raise UsageError(f"unknown {role} {name!r}", hint=f"one of: {', '.join(have) or 'none'}")


def _default_entries(mesh: Mesh) -> tuple[str, ...]:
    gateways = tuple(one.name for one in mesh.workloads if one.gateway)
    if gateways:
        return gateways
    hit = called(mesh)
    free = tuple(one.name for one in mesh.workloads if one.name not in hit)
    return free or tuple(one.name for one in mesh.workloads[:1])


def _addresses(subnet: str, first: int, end: int) -> Iterator[str]:
    for third in range(first, end):
        for fourth in range(1, HOSTS + 1):
            yield f"{subnet}.{third}.{fourth}"
    raise UsageError(
        f"the mesh needs more than {(end - first) * HOSTS} addresses of one kind in {subnet}.0.0/16",
        hint="lower `replicas` in the scenario file",
    )


def _replicas(mesh: Mesh, subnet: str, counts: Mapping[str, int], doors: Sequence[str]) -> Iterator[Replica]:
    sidecars = _addresses(subnet, SIDECARS, APPS)
    apps = _addresses(subnet, APPS, DOORS)
    entrances = _addresses(subnet, DOORS, PROXIES)
    for workload in mesh.workloads:
        for index in range(counts[workload.name]):
            door = next(entrances)
            yield Replica(
                node=workload.name,
                index=index,
                sidecar=next(sidecars),
                app=next(apps),
                door=door if workload.name in doors else None,
            )


def _proxies(mesh: Mesh, subnet: str, counts: Mapping[str, int]) -> Iterator[EdgeProxy]:
    addresses = _addresses(subnet, PROXIES, EGRESSES)
    for client, server in edges(mesh):
        for index in range(counts[server]):
            yield EdgeProxy(client, server, index, next(addresses), _ports(mesh, server))


def _ports(mesh: Mesh, server: str) -> tuple[int, ...]:
    return tuple(one.port for one in mesh.workload(server).listeners)


def _egresses(mesh: Mesh, subnet: str, counts: Mapping[str, int]) -> Iterator[Egress]:
    addresses = _addresses(subnet, EGRESSES, END)
    services = {service.name: service for service in mesh.services}
    for client, name in mesh.edges():
        if name not in services:
            continue
        ports = tuple(one.port for one in services[name].ports)
        for index in range(counts[client]):
            yield Egress(client, index, name, next(addresses), ports)
