"""What a claim's `on=` means: an edge, a node, a replica."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.in_force import InForce
from chaosmesh.engine.experiment.names import Named, callers, paths_named
from chaosmesh.engine.experiment.nodes import Node, ReplicaOf
from chaosmesh.errors import UsageError
from chaosmesh.judge import Requirement
from chaosmesh.mesh import Mesh, Replica


def meant(requirement: Requirement, policy: Mesh, faults: Sequence[InForce]) -> Named | None:
    """Where a requirement is counted; None: at the entry. What needs an edge and names none is about the only one
    under a fault."""
    match requirement.on:
        case None:
            return _only_edge(faults) if requirement.needs == "edge" else None
        case Edge() as edge:
            return edge.named
        case (str(client), str(service)):
            return Named(f"{client} → {service}", paths_named(policy, client, service))
        case Node() as node:
            return _callers(policy, node.label, node.those, whole=True)
        case ReplicaOf() as replica:
            return _callers(policy, replica.label, replica.those, whole=False)
    raise UsageError(
        f"on={requirement.on!r} is no edge, node or replica", hint='on=mesh.edge("client", "service")'
    )


def _only_edge(faults: Sequence[InForce]) -> Named | None:
    edges = {one.edge for one in faults if all(path.client for path in one.paths)}
    return edges.pop() if len(edges) == 1 else None


def _callers(policy: Mesh, label: str, replicas: Sequence[Replica], *, whole: bool) -> Named:
    """Every edge that leads to these replicas, narrowed to them."""
    paths = tuple(
        dict.fromkeys(
            replace(path, workload=one.node, replica=None if whole else one.index)
            for one in replicas
            for path in callers(policy, (one.node,))
        )
    )
    if not paths:
        raise UsageError(f"nobody calls {label}: no attempt shows what becomes of it")
    return Named(label, paths)
