"""Names as experiments write them: a virtual node (without its Kubernetes namespace, if need be), or a virtual service
(its first DNS label will do)."""

from __future__ import annotations

from dataclasses import dataclass

from chaosmesh.errors import UsageError
from chaosmesh.ledger import Attempt
from chaosmesh.mesh import Mesh
from chaosmesh.mesh.naming import node_named


@dataclass(frozen=True, slots=True)
class Path:
    """Calls of one client node to one virtual service; `workload` narrows them to one node behind it, `replica` to
    one copy of that node."""

    client: str
    service: str
    workload: str | None = None
    replica: int | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Client and service, as the ledger and the faults name an edge."""
        return self.client, self.service

    def reaches(self, attempt: Attempt) -> bool:
        """Whether an attempt on the edge went to the node, or the copy, that is meant."""
        return self.workload in (None, attempt.server) and self.replica in (None, attempt.replica)

    def __str__(self) -> str:
        copy = "" if self.replica is None else f" {self.replica}"
        arm = f" ({self.workload}{copy} only)" if self.workload else ""
        return f"{self.client} → {self.service}{arm}"


@dataclass(frozen=True, slots=True)
class Named:
    """An edge as a test wrote it, and every path that it stands for."""

    label: str
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return self.label


def nodes_named(mesh: Mesh, name: str) -> tuple[str, ...]:
    """The virtual node of that name, else all nodes behind the virtual service of that name."""
    nodes = {one.name for one in mesh.workloads}
    if name in nodes:
        return (name,)
    services = services_named(mesh, name)
    if not services:
        if node := node_named(name, nodes):
            return (node,)
        raise UsageError(f"the mesh has nothing called {name!r}", hint=f"known: {_everything(mesh)}")
    if len(services) > 1:
        raise UsageError(f"{name!r} may be {' or '.join(services)}", hint="write the whole name")
    return mesh.targets(services[0])


def services_named(mesh: Mesh, name: str) -> tuple[str, ...]:
    """The virtual service of exactly that name, else every one with that first DNS label."""
    exact = tuple(one.name for one in mesh.services if one.name == name)
    return exact or tuple(one.name for one in mesh.services if one.name.partition(".")[0] == name)


def paths_named(mesh: Mesh, client: str, server: str) -> tuple[Path, ...]:
    """What an edge stands for: every (client node, virtual service) that the two names mean.

    A server's name is looked for among the services that the clients call; only if it is none of them it is
    a node, and the edge is narrowed to it where its service has other nodes too.
    """
    edges = mesh.edges()
    clients = nodes_named(mesh, client)
    called = {service for one, service in edges if one in clients}
    services = [one for one in services_named(mesh, server) if one in called]
    if len(services) > 1:
        raise UsageError(
            f"{client} calls {' and '.join(services)}: {server!r} may be either", hint="write the whole name"
        )
    if services:
        return tuple(Path(one, services[0]) for one in clients if (one, services[0]) in edges)
    node = node_named(server, {one.name for one in mesh.workloads})
    found = _to_node(mesh, clients, node) if node else ()
    if not found:
        known = ", ".join(f"{one} → {service}" for one, service in edges) or "none"
        raise UsageError(f"the mesh has no edge {client} → {server}", hint=f"edges: {known}")
    return found


def _to_node(mesh: Mesh, clients: tuple[str, ...], node: str) -> tuple[Path, ...]:
    known = {one.name for one in mesh.services}
    found = []
    for client, service in mesh.edges():
        behind = mesh.targets(service) if service in known else ()
        if client in clients and node in behind:
            alone = mesh.own_targets(service) == (node,)
            found.append(Path(client, service, None if alone else node))
    return tuple(found)


def callers(mesh: Mesh, nodes: tuple[str, ...]) -> tuple[Path, ...]:
    """Every edge that leads into one of these nodes."""
    clients = tuple(one.name for one in mesh.workloads)
    return tuple(dict.fromkeys(path for node in nodes for path in _to_node(mesh, clients, node)))


def _everything(mesh: Mesh) -> str:
    names = [one.name for one in mesh.workloads] + [one.name for one in mesh.services]
    return ", ".join(names)
