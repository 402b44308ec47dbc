"""How many replicas of each node run, where faults changed that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.rendering import layout_after
from chaosmesh.errors import UsageError
from chaosmesh.faults.grip import Copy
from chaosmesh.mesh import Mesh, Topology


@dataclass(frozen=True, slots=True)
class Copies:
    """`counts` holds the nodes whose number was changed, back to what it was included; `out` the replicas that
    are taken out."""

    counts: Mapping[str, int] = field(default_factory=dict)
    out: frozenset[Copy] = frozenset()

    def more(self, node: str, by: int, topology: Topology) -> Copies:
        """So many more (or fewer) replicas of a node."""
        out = sum(one.node == node for one in self.out)
        now = self.counts.get(node, len(topology.replicas_of(node)) + out)
        return replace(self, counts={**self.counts, node: now + by})

    def without(self, copy: Copy, topology: Topology) -> Copies:
        """One replica taken out. UsageError for the last one, and for the one at which users come in."""
        there = topology.replicas_of(copy.node)
        if len(there) < 2:
            raise UsageError(
                f"remove: {copy} is the last replica of {copy.node}",
                hint="crash() ends it; add_replica() gives it a second one first",
            )
        if copy.node in topology.entries and copy.index == there[0].index:
            raise UsageError(
                f"remove: users come in at {copy}", hint=f"remove another replica of {copy.node}"
            )
        return replace(self, out=self.out | {copy})

    def again(self, copy: Copy) -> Copies:
        """A replica that was taken out is back."""
        return replace(self, out=self.out - {copy})

    def layout(self, known: Topology, mesh: Mesh, scenario: Scenario) -> Topology:
        """Addresses for a mesh with these replicas."""
        whole = layout_after(known, mesh, scenario, self.counts)
        out = {(one.node, one.index) for one in self.out}
        return replace(
            whole,
            replicas=tuple(one for one in whole.replicas if (one.node, one.index) not in out),
            proxies=tuple(one for one in whole.proxies if (one.server, one.replica) not in out),
            egresses=tuple(one for one in whole.egresses if (one.client, one.replica) not in out),
        )
