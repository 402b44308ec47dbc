"""How the replicas are: running by the kernel's word, called or left out by their clients' word. Asked once a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chaosmesh.engine.admin import NO_ANSWER
from chaosmesh.engine.calm import clusters_of
from chaosmesh.engine.stack import Stack
from chaosmesh.engine.tower.state import Replica
from chaosmesh.errors import ChaosMeshError
from chaosmesh.ledger import Addresses
from chaosmesh.mesh import Mesh

Place = tuple[str, int]  # node, replica

_STATES: Mapping[str, Literal["up", "down", "hung"]] = {"runs": "up", "ended": "down", "stopped": "hung"}
_LOOK_S = 1.0


@dataclass
class Health:
    """What clients say: by replica, who has ejected it and who sees it fail its health checks."""

    ejected: Mapping[Place, frozenset[str]] = field(default_factory=dict)
    failing: Mapping[Place, frozenset[str]] = field(default_factory=dict)

    def ejections(self, client: str, targets: Iterable[str]) -> int:
        """Replicas of some workloads that a client leaves out after errors."""
        chosen = frozenset(targets)
        return sum(client in clients for (node, _), clients in self.ejected.items() if node in chosen)


class Replicas:
    """The last look at all of them."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.health = Health()
        self._conditions: dict[Place, str] = {}

    async def look(self) -> None:
        """Ask the kernel of every replica, and every client whom it leaves out."""
        stack = self._stack
        clients = [
            (one.node, one.sidecar)
            for one in stack.topology.replicas
            if stack.mesh.workload(one.node).backends
        ]
        answers = await asyncio.to_thread(_ask, clients) if _watched(stack.mesh) else []
        self.health = _health(answers, stack.ledger.addresses)
        found: dict[Place, str] = {}
        for one in stack.topology.replicas:
            with contextlib.suppress(ChaosMeshError, KeyError):
                found[one.node, one.index] = await stack.runtime.condition(one)
        self._conditions = found

    def of(self, node: str) -> tuple[Replica, ...]:
        """The copies of a workload as they were seen last."""
        stack, listeners = self._stack, self._stack.mesh.workload(node).listeners
        checked = any(one.health for one in listeners)
        return tuple(
            Replica(
                one.index,
                _STATES.get(self._conditions.get((node, one.index), ""), "starting"),
                sorted(self.health.ejected.get((node, one.index), ())),
                not self.health.failing.get((node, one.index)) if checked else None,
                _pid(stack, one),
            )
            for one in stack.topology.replicas_of(node)
        )


def _pid(stack: Stack, replica: Any) -> int | None:
    try:
        return stack.runtime.pid(replica)
    except (ChaosMeshError, KeyError):
        return None


def _watched(mesh: Mesh) -> bool:
    """Whether any client may leave a replica out; else nobody need be asked."""
    return any(one.ejection or one.health for each in mesh.workloads for one in each.listeners)


def _ask(clients: Iterable[tuple[str, str]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """What each client's sidecar says of its hosts. One after the other, on a thread: all at once would be a burst of
    work for everybody each second."""
    found = []
    for node, sidecar in clients:
        with contextlib.suppress(*NO_ANSWER):
            found.append((node, clusters_of(sidecar, _LOOK_S)))
    return found


def _health(answers: Iterable[tuple[str, list[dict[str, Any]]]], addresses: Addresses) -> Health:
    ejected: defaultdict[Place, set[str]] = defaultdict(set)
    failing: defaultdict[Place, set[str]] = defaultdict(set)
    for client, clusters in answers:
        for cluster in clusters:
            for host in cluster.get("host_statuses", ()):
                address = host.get("address", {}).get("socket_address", {}).get("address", "")
                place, status = addresses.servers.get(address), host.get("health_status", {})
                if place is None:
                    continue
                if status.get("failed_outlier_check"):
                    ejected[place].add(client)
                if status.get("failed_active_health_check"):
                    failing[place].add(client)
    return Health(
        {k: frozenset(v) for k, v in ejected.items()}, {k: frozenset(v) for k, v in failing.items()}
    )
