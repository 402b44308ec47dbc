"""The Envoy configuration of a mesh without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.secrets import needs_of
from chaosmesh.envoy import Snapshot, filelog, static_config, translate
from chaosmesh.envoy.secrets import needed
from chaosmesh.mesh import Mesh, Topology, Workload
from chaosmesh.runtime import lay_out
from chaosmesh.runtime.authority import Authority
from chaosmesh.runtime.layout import relaid


def layout_of(mesh: Mesh, scenario: Scenario, run: str, subnet: str) -> Topology:
    """Addresses for a mesh with the scenario's replicas and entries."""
    return lay_out(mesh, run=run, subnet=subnet, replicas=_copies(scenario), entries=scenario.entry)


def layout_after(
    known: Topology, mesh: Mesh, scenario: Scenario, counts: Mapping[str, int] | None = None
) -> Topology:
    """Addresses for a mesh that takes another's place; `counts` of replicas go before the scenario's. What is said
    of workloads that this mesh does not have (yet, or any more) waits for them."""
    have = {one.name for one in mesh.workloads}
    wanted = {**_copies(scenario), **(counts or {})}
    replicas = {name: count for name, count in wanted.items() if name in have}
    return relaid(known, mesh, replicas=replicas, entries=[name for name in scenario.entry if name in have])


def _copies(scenario: Scenario) -> dict[str, int]:
    return {name: one.replicas for name, one in scenario.workloads.items() if one.replicas is not None}


def rendering(mesh: Mesh, scenario: Scenario, subnet: str) -> dict[str, Any]:
    """`{node: {listeners, routes, clusters, endpoints, secrets}}`, of each node's first replica. Secrets are what must
    be supplied and for which names, never a certificate or a key."""
    topology = layout_of(mesh, scenario, "render", subnet)
    snapshots = translate(mesh, topology)
    return {
        one.node: {**_kinds(snapshots[one.key]), "secrets": _needs(mesh, mesh.workload(one.node))}
        for one in topology.replicas
        if one.index == 0
    }


def _kinds(snapshot: Snapshot) -> dict[str, Any]:
    return {one.name: getattr(snapshot, one.name) for one in fields(snapshot)}


def static(mesh: Mesh, scenario: Scenario, subnet: str, folder: Path) -> dict[str, Any]:
    """One complete bootstrap per sidecar, by replica key. Certificates that the scenario does not supply are issued
    for this rendering; access logs stand in `folder`, and their folders are made."""
    topology = layout_of(mesh, scenario, "render", subnet)
    secrets = Authority(scenario).supply(needs_of(mesh))
    logs = folder.resolve() / "logs"
    for place in filelog.folders(mesh, topology, logs):
        place.mkdir(parents=True, exist_ok=True)
    snapshots = translate(mesh, topology, secrets=secrets, logs=logs)
    gateways = {one.name for one in mesh.workloads if one.gateway}
    return {
        one.key: static_config(snapshots[one.key], one, mesh=mesh.name, gateway=one.node in gateways)
        for one in topology.replicas
    }


def _needs(mesh: Mesh, workload: Workload) -> dict[str, Any]:
    found = {one.name: asdict(one) for one in needed(mesh, workload)}
    return {
        name: {key: one[key] for key in ("role", "kind", "sources", "dns", "uris") if one[key]}
        for name, one in found.items()
    }
