"""Who is scraped. Pure: the topology and the mesh in force say it."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.envoy import names
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime.layout import api_address
from chaosmesh.runtime.prometheus import Target

TOXIPROXY_PORT = 8474
OWN_PORT = 9091
"""Where this process serves its own metrics and the generator's."""


def targets(mesh: Mesh, topology: Topology, main: str) -> tuple[Target, ...]:
    """Every sidecar, Toxiproxy, the generator and this process, which is found at the address `main`."""
    here = (("mesh", mesh.name),)
    return (
        *_sidecars(mesh, topology),
        Target("toxiproxy", f"{api_address(topology)}:{TOXIPROXY_PORT}", here),
        Target("generator", f"{main}:{OWN_PORT}", here),
        Target("chaosmesh", f"{main}:{OWN_PORT}", here),
    )


def owner(mesh: Mesh, node: str) -> tuple[tuple[str, str], ...]:
    """App Mesh's own dimensions of what a node's sidecar counts: its metrics extension put them on every series."""
    gateway = any(one.name == node and one.gateway for one in mesh.workloads)
    return (("Mesh", mesh.name), ("VirtualGateway" if gateway else "VirtualNode", node))


def _sidecars(mesh: Mesh, topology: Topology) -> Iterator[Target]:
    for one in topology.replicas:
        theirs = owner(mesh, one.node)
        kind = "virtual_gateway" if theirs[1][0] == "VirtualGateway" else "virtual_node"
        plain = (("mesh", mesh.name), (kind, one.node), ("replica", str(one.index)))
        yield Target("sidecar", f"{one.sidecar}:{names.ADMIN_PORT}", (*plain, *theirs))
