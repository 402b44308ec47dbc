"""Policy and addresses to the configuration of every sidecar: pure, same input, same result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from chaosmesh.envoy import clusters, endpoints, fallback, filelog, gateway, listeners, passthrough, routes
from chaosmesh.envoy.forms import Json
from chaosmesh.envoy.handshakes import upstreams
from chaosmesh.envoy.secrets import Secret, needed, resources
from chaosmesh.envoy.snapshot import Snapshot
from chaosmesh.errors import Where
from chaosmesh.mesh import Listener, Mesh, Replica, RequestFault, Topology, Workload


def translate(
    mesh: Mesh,
    topology: Topology,
    *,
    faults: Sequence[RequestFault] = (),
    secrets: Mapping[str, Secret] | None = None,
    logs: Path | None = None,
) -> dict[str, Snapshot]:
    """The snapshot of every replica, by `Replica.key`. Faults change route configurations only.

    `secrets` supplies what `secrets.needed` names; without it the references stay, and no secret is in the result.
    Access log files stand under `logs` (`filelog.folders` names the folders to make); None keeps their paths.
    """
    return {
        replica.key: _snapshot(mesh, topology, replica, faults, secrets, logs)
        for replica in topology.replicas
    }


def places(mesh: Mesh) -> Mapping[str, Where]:
    """Where each rule was written, by the rule's id: what a refused configuration is traced back with."""
    entries = {route.id: route.where for one in mesh.workloads for route in one.entry_routes}
    files = {filelog.rule_id(one): one.where for one in mesh.workloads if one.access_log and one.where}
    return files | entries | {route.id: route.where for one in mesh.services for route in one.routes}


def _snapshot(
    mesh: Mesh,
    topology: Topology,
    replica: Replica,
    faults: Sequence[RequestFault],
    given: Mapping[str, Secret] | None,
    logs: Path | None,
) -> Snapshot:
    workload = mesh.workload(replica.node)
    reached = tuple(upstreams(mesh, workload))
    spare = tuple(fallback.resources(mesh, topology, workload))
    return Snapshot(
        clusters=_named(
            [_inside(mesh, workload, replica, one) for one in workload.listeners]
            + [clusters.egress(mesh, server, one, workload.name) for server, one in reached]
            + [cluster for cluster, _ in spare]
            + (passthrough.clusters(mesh) if mesh.open_egress else [])
        ),
        endpoints=_named(
            [endpoints.egress(mesh, topology, replica.node, server, one) for server, one in reached]
            + [assignment for _, assignment in spare],
            key="cluster_name",
        ),
        listeners=_named(
            [
                filelog.attached(one, workload, replica, logs)
                for one in listeners.ingress(mesh, workload, replica)
                + listeners.egress(mesh, topology, replica)
            ]
        ),
        routes={**_ingress_routes(mesh, workload, replica, faults), **routes.egress(mesh, topology, replica)},
        secrets={} if given is None else resources(needed(mesh, workload), given),
    )


def _named(resources: list[Json], key: str = "name") -> dict[str, Json]:
    return {one[key]: one for one in resources}


def _inside(mesh: Mesh, workload: Workload, replica: Replica, listener: Listener) -> Json:
    if workload.gateway:
        return gateway.redirect(mesh, workload, replica, listener)
    return clusters.ingress(mesh, replica, listener)


def _ingress_routes(
    mesh: Mesh, workload: Workload, replica: Replica, faults: Sequence[RequestFault]
) -> dict[str, Json]:
    http = [one for one in workload.listeners if one.protocol != "tcp"]
    doors = [False, True] if replica.door else [False]
    if workload.gateway:
        return _named([gateway.entry(mesh, workload, one, door=door) for door in doors for one in http])
    return _named([routes.ingress(mesh, replica, one, faults, door=door) for door in doors for one in http])
