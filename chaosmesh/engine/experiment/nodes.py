"""A node in a test's hands."""

from __future__ import annotations

from chaosmesh.engine.experiment.about import Session
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.names import Named, callers
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh


class Node:
    """One virtual node, or all nodes behind a virtual service."""

    def __init__(self, session: Session, policy: Mesh, names: tuple[str, ...]) -> None:
        self._session = session
        self._policy = policy
        self.names = names

    @property
    def replicas(self) -> int:
        """How many copies of it run."""
        topology = self._session.live.stack.topology
        return sum(len(topology.replicas_of(name)) for name in self.names)

    @property
    def callers(self) -> Edge:
        """Every edge that leads to it."""
        paths = callers(self._policy, self.names)
        if not paths:
            raise UsageError(f"nobody calls {' or '.join(self.names)}")
        return Edge(self._session, Named(f"callers of {', '.join(self.names)}", paths))
