"""Whether a fault fits the edge it is asked for: known before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.engine.experiment.names import Named, Path
from chaosmesh.errors import UsageError
from chaosmesh.faults.units import grpc_of_status
from chaosmesh.faults.units import share as checked_share
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime.kinds import Kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What a victim gets: an HTTP status, or a gRPC code instead."""

    status: int | None
    grpc: int | None


def needs_requests(mesh: Mesh, edge: Named, status: int | None = None, grpc: int | None = None) -> Answer:
    """The answer as the edge's clients can read it: on a gRPC edge a status becomes the code that stands for it.

    UsageError where nobody could: requests on a TCP edge, a gRPC code on an HTTP/1.1 edge.
    """
    spoken = {protocol for path in edge.paths for protocol in protocols(mesh, path.service)}
    if only_connections(mesh, edge.paths):
        raise UsageError(
            f"{edge} carries connections (TCP), and no requests that a sidecar could tell apart",
            hint="latency, reset, down, timeout and the like act on connections",
        )
    if grpc is not None and spoken and spoken <= {"http", "tcp"}:
        raise UsageError(
            f"{edge} speaks HTTP/1.1: a gRPC code would be a success there", hint="errors(503) is a status"
        )
    if grpc is None and status is not None and spoken == {"grpc"}:
        return Answer(None, grpc_of_status(status))
    return Answer(status, grpc)


def needs_containers(runtime: Kind, fault: str) -> None:
    """UsageError where the parts of the mesh are processes."""
    if runtime == "process":
        raise UsageError(
            f"{fault}: a fault on containers, and this mesh runs in processes",
            hint="--runtime docker (pytest: --chaos-runtime docker)",
        )


def needs_connections(kind: str, share: float) -> None:
    """UsageError for a share of connections."""
    if checked_share(share, kind, "leave it out") == 1:
        return
    raise UsageError(
        f"{kind}: a share of {share:g} would be drawn once per connection, and sidecars keep connections: all "
        "requests of some would meet it and none of the others",
        hint="errors(503, share=…) and delay(…, share=…) are drawn per attempt",
    )


def needs_replica(mesh: Mesh, topology: Topology, edge: Named, kind: str, replica: int | None) -> None:
    """UsageError unless every node behind the edge has that copy."""
    if replica is None:
        return
    for path in edge.paths:
        known = {one.name for one in mesh.services}
        servers = mesh.own_targets(path.service) if path.service in known else ()
        for server in (path.workload,) if path.workload else servers:
            copies = len(topology.replicas_of(server))
            if isinstance(replica, bool) or replica not in range(copies):
                raise UsageError(
                    f"{kind} on {edge}: {server} has {copies} replica{'s' * (copies != 1)}, and none with number "
                    f"{replica!r}",
                    hint=f"replicas are counted from 0; in the scenario file: workloads: {{{server}: {{replicas: 2}}}}",
                )


def only_connections(mesh: Mesh, paths: Iterable[Path]) -> bool:
    """Whether these paths carry connections (TCP) alone, which belong to no request of a stream."""
    spoken = {protocol for path in paths if path.client for protocol in protocols(mesh, path.service)}
    return spoken == {"tcp"}


def protocols(mesh: Mesh, service: str) -> frozenset[str]:
    """What the routes of a service speak; nothing where it is unknown."""
    found = next((one for one in mesh.services if one.name == service), None)
    return frozenset(route.protocol for route in found.routes) if found else frozenset()
