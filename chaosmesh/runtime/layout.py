"""Gives every part of a run its own loopback addresses.

A run owns 127.R.0.0/16. The third octet tells the kind: 0 the runtime's own servers, 16–31 sidecars,
32–47 applications, 48–63 doors, 64–159 edge proxies, 160–255 egress addresses. A replica has the same
last two octets in its first three blocks (sidecar 127.R.16.3 ↔ application 127.R.32.3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from chaosmesh.envoy import names
from chaosmesh.errors import UsageError
from chaosmesh.mesh import EdgeProxy, Egress, Mesh, Replica, Topology, Workload
from chaosmesh.services.program import Program

SIDECARS, APPS, DOORS, PROXIES, EGRESSES, END = 16, 32, 48, 64, 160, 256
SIDECAR_PORTS = (names.INGRESS_PORT, names.EGRESS_PORT, names.ADMIN_PORT)
INSIDE = "127.0.0.1"
"""Where the sidecar finds a program that shares its network."""
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
    return relaid(Topology(run, (), (), (), (), subnet), mesh, replicas=replicas, entries=entries)


def relaid(
    known: Topology,
    mesh: Mesh,
    *,
    replicas: Mapping[str, int] | None = None,
    entries: Sequence[str] = (),
) -> Topology:
    """Addresses for another mesh in the same run: what `known` has keeps its own, what is new gets unused ones.

    `known` may hold more than runs now (`joined`): what comes back then has its old address again, and nobody
    else ever gets it. What stays also keeps its copies, its door and the proxies of edges that another policy
    may want again. The other arguments are those of `lay_out`; pure like it.
    """
    _no_port_of_a_sidecar(mesh)
    counts = _counts(mesh, replicas or {}, known)
    doors = tuple(entries) or _default_entries(mesh)
    _known(mesh, doors, "entry")
    return Topology(
        run=known.run,
        replicas=tuple(_replicas(known, mesh, counts, doors)),
        proxies=tuple(_proxies(known, mesh, counts)),
        egresses=tuple(_egresses(known, mesh, counts)),
        entries=doors,
        subnet=known.subnet,
    )


def joined(known: Topology, later: Topology) -> Topology:
    """Everything of both, as `later` has it where both know it: the memory that `relaid` wants."""
    replicas = {(one.node, one.index): one for one in (*known.replicas, *later.replicas)}
    proxies = {(one.client, one.server, one.replica): one for one in (*known.proxies, *later.proxies)}
    egresses = {(one.client, one.replica, one.service): one for one in (*known.egresses, *later.egresses)}
    return replace(
        later,
        replicas=tuple(replicas.values()),
        proxies=tuple(proxies.values()),
        egresses=tuple(egresses.values()),
    )


def new_app(topology: Topology, known: Topology, node: str, index: int) -> Topology:
    """The same topology with another, unused application address for one replica: there a second copy of its
    application can start while the first still serves."""
    taken = {one.app for one in (*known.replicas, *topology.replicas)}
    from_the_end = range(DOORS - 1, APPS - 1, -1)  # the front mirrors the sidecars' addresses
    free = _unused(topology.subnet, from_the_end, taken)
    return replace(
        topology,
        replicas=tuple(
            replace(one, app=next(free)) if (one.node, one.index) == (node, index) else one
            for one in topology.replicas
        ),
    )


def at_home(replica: Replica) -> bool:
    """Whether a replica's application has the address that mirrors its sidecar's, or is in its network, and not one
    of `new_app`."""
    return replica.app == INSIDE or replica.app == _twin(replica.sidecar, SIDECARS, APPS)


def with_programs(topology: Topology, programs: Mapping[str, Program]) -> Topology:
    """The same topology with the places where workloads' own programs serve: in containers inside the replica's
    network, and everywhere on their own ports."""

    def placed(one: Replica) -> Replica:
        program = programs.get(one.node)
        if program is None:
            return one
        app = program.address or (INSIDE if program.contained else one.app)
        return replace(one, app=app, ports=tuple(sorted(program.ports.items())))

    return replace(topology, replicas=tuple(placed(one) for one in topology.replicas))


def api_address(topology: Topology) -> str:
    """Where the run's own servers (Toxiproxy's API) listen."""
    return f"{topology.subnet}.0.1"


def served(subnet: str) -> tuple[str, ...]:
    """The networks of a run in which the mesh itself is: not the runtime's own servers, and not what is outside."""
    return tuple(
        f"{subnet}.{one}" for one in (f"{SIDECARS}.0/20", f"{APPS}.0/19", f"{PROXIES}.0/18", "128.0/17")
    )


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


def _counts(mesh: Mesh, wanted: Mapping[str, int], known: Topology) -> dict[str, int]:
    _known(mesh, wanted, "workload with replicas")
    least = dict.fromkeys(called(mesh), 2)
    for one in mesh.workloads:
        least[one.name] = max(least.get(one.name, 1), len(known.replicas_of(one.name)))
    return {one.name: _count(one, wanted.get(one.name), least[one.name]) for one in mesh.workloads}


def _count(workload: Workload, wanted: int | None, default: int) -> int:
    single = workload.discovery is not None and workload.discovery.kind == "logical_dns"
    if wanted is None:
        return 1 if single else default
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


def _no_port_of_a_sidecar(mesh: Mesh) -> None:
    """A workload can't listen where its own sidecar does; on App Mesh neither could it."""
    for workload in mesh.workloads:
        for one in workload.listeners:
            if one.port in SIDECAR_PORTS:
                raise UsageError(
                    f"{workload.name} listens on port {one.port}, which its sidecar needs for itself",
                    where=one.where or workload.where,
                    hint=f"take another port than {', '.join(map(str, SIDECAR_PORTS))}",
                )


def _default_entries(mesh: Mesh) -> tuple[str, ...]:
    gateways = tuple(one.name for one in mesh.workloads if one.gateway)
    if gateways:
        return gateways
    hit = called(mesh)
    free = tuple(one.name for one in mesh.workloads if one.name not in hit)
    return free or tuple(one.name for one in mesh.workloads[:1])


def _unused(subnet: str, block: range, taken: Collection[str]) -> Iterator[str]:
    """Addresses whose third octet is in `block`, in its order."""
    for third in block:
        for fourth in range(1, HOSTS + 1):
            address = f"{subnet}.{third}.{fourth}"
            if address not in taken:
                yield address
    raise UsageError(
        f"the mesh needs more than {len(block) * HOSTS} addresses of one kind in {subnet}.0.0/16",
        hint="lower `replicas` in the scenario file",
    )


def _replicas(
    known: Topology, mesh: Mesh, counts: Mapping[str, int], doors: Sequence[str]
) -> Iterator[Replica]:
    have = {(one.node, one.index): one for one in known.replicas}
    taken = {one.sidecar for one in known.replicas} | {
        _twin(one.app, APPS, SIDECARS) for one in known.replicas if one.app != INSIDE
    }
    free = _unused(known.subnet, range(SIDECARS, APPS), taken)
    for workload in mesh.workloads:
        for index in range(counts[workload.name]):
            old = have.get((workload.name, index))
            sidecar = old.sidecar if old else next(free)
            yield Replica(
                node=workload.name,
                index=index,
                sidecar=sidecar,
                app=old.app if old else _twin(sidecar, SIDECARS, APPS),
                door=_twin(sidecar, SIDECARS, DOORS)
                if workload.name in doors or (old and old.door)
                else None,
            )


def _twin(address: str, block: int, other: int) -> str:
    """The address at the same place of another block."""
    first, second, third, fourth = address.split(".")
    return f"{first}.{second}.{int(third) - block + other}.{fourth}"


def _proxies(known: Topology, mesh: Mesh, counts: Mapping[str, int]) -> Iterator[EdgeProxy]:
    have = {(one.client, one.server, one.replica): one.address for one in known.proxies}
    free = _unused(known.subnet, range(PROXIES, EGRESSES), set(have.values()))
    before = [(c, s) for c, s, _ in have if c in counts and s in counts]
    for client, server in dict.fromkeys((*edges(mesh), *before)):
        for index in range(counts[server]):
            address = have.get((client, server, index)) or next(free)
            yield EdgeProxy(client, server, index, address, _ports(mesh, server))


def _ports(mesh: Mesh, server: str) -> tuple[int, ...]:
    return tuple(one.port for one in mesh.workload(server).listeners)


def _egresses(known: Topology, mesh: Mesh, counts: Mapping[str, int]) -> Iterator[Egress]:
    have = {(one.client, one.replica, one.service): one.address for one in known.egresses}
    free = _unused(known.subnet, range(EGRESSES, END), set(have.values()))
    services = {service.name: service for service in mesh.services}
    for client, name in mesh.edges():
        if name not in services:
            continue
        ports = tuple(one.port for one in services[name].ports)
        for index in range(counts[client]):
            yield Egress(client, index, name, have.get((client, index, name)) or next(free), ports)
