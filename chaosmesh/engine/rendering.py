"""The Envoy configuration of a mesh without running it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.envoy import static_config, translate
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime import lay_out


def layout_of(mesh: Mesh, scenario: Scenario, run: str, subnet: str) -> Topology:
    """Addresses for a mesh with the scenario's replicas and entries."""
    replicas = {name: one.replicas for name, one in scenario.workloads.items() if one.replicas is not None}
    return lay_out(mesh, run=run, subnet=subnet, replicas=replicas, entries=scenario.entry)


def rendering(mesh: Mesh, scenario: Scenario, subnet: str) -> dict[str, Any]:
    """`{node: {listeners, routes, clusters, endpoints}}`, of each node's first replica."""
    topology = layout_of(mesh, scenario, "render", subnet)
    snapshots = translate(mesh, topology)
    return {one.node: asdict(snapshots[one.key]) for one in topology.replicas if one.index == 0}


def static(mesh: Mesh, scenario: Scenario, subnet: str) -> dict[str, Any]:
    """One complete bootstrap per sidecar, by replica key."""
    topology = layout_of(mesh, scenario, "render", subnet)
    snapshots = translate(mesh, topology)
    return {one.key: static_config(snapshots[one.key], one, mesh=mesh.name) for one in topology.replicas}
