"""The Envoy configuration of a mesh without running it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chaosmesh.documents.scenario import Scenario
from chaosmesh.envoy import static_config, translate
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime import lay_out
from chaosmesh.runtime.layout import relaid


def layout_of(mesh: Mesh, scenario: Scenario, run: str, subnet: str) -> Topology:
    """Addresses for a mesh with the scenario's replicas and entries."""
    return lay_out(mesh, run=run, subnet=subnet, replicas=_copies(scenario), entries=scenario.entry)


def layout_after(known: Topology, mesh: Mesh, scenario: Scenario) -> Topology:
    """Addresses for a mesh that takes another's place. What the scenario says of workloads that this mesh does
    not have (yet, or any more) waits for them."""
    have = {one.name for one in mesh.workloads}
    replicas = {name: count for name, count in _copies(scenario).items() if name in have}
    return relaid(known, mesh, replicas=replicas, entries=[name for name in scenario.entry if name in have])


def _copies(scenario: Scenario) -> dict[str, int]:
    return {name: one.replicas for name, one in scenario.workloads.items() if one.replicas is not None}


def rendering(mesh: Mesh, scenario: Scenario, subnet: str) -> dict[str, Any]:
    """`{node: {listeners, routes, clusters, endpoints}}`, of each node's first replica."""
    topology = layout_of(mesh, scenario, "render", subnet)
    snapshots = translate(mesh, topology)
    return {one.node: asdict(snapshots[one.key]) for one in topology.replicas if one.index == 0}


def static(mesh: Mesh, scenario: Scenario, subnet: str) -> dict[str, Any]:
    """One complete bootstrap per sidecar, by replica key."""
    topology = layout_of(mesh, scenario, "render", subnet)
    snapshots = translate(mesh, topology)
    gateways = {one.name for one in mesh.workloads if one.gateway}
    return {
        one.key: static_config(snapshots[one.key], one, mesh=mesh.name, gateway=one.node in gateways)
        for one in topology.replicas
    }
