"""A mesh that is not there yet, in the words of experiments: what a fault of a gate lacks shows before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from chaosmesh.documents.scenario import Scenario
from chaosmesh.engine.experiment.edges import Edge
from chaosmesh.engine.experiment.externals import ExternalOf
from chaosmesh.engine.experiment.holding import Hand, Meant
from chaosmesh.engine.experiment.names import Named, nodes_named, paths_named
from chaosmesh.engine.experiment.nodes import Node
from chaosmesh.engine.externals import externals
from chaosmesh.engine.rendering import layout_of
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime.kinds import Kind
from chaosmesh.runtime.outside import Outside

SUBNET = "127.16"


@dataclass(frozen=True, slots=True)
class _Stack:
    """What makers of faults ask a mesh before they put one in force."""

    mesh: Mesh
    topology: Topology
    externals: Sequence[Outside]
    kind: Kind


class Draft:
    """Places where faults could be put in force. Making one checks it as on a running mesh (UsageError); it can't be
    put in force here."""

    seed = 0

    def __init__(self, mesh: Mesh, scenario: Scenario, kind: Kind) -> None:
        found = externals(scenario, mesh, kind, SUBNET)
        self.stack = _Stack(mesh, layout_of(mesh, scenario, "gate", SUBNET), found, kind)

    @property
    def live(self) -> Draft:
        """Itself: there is no mesh."""
        return self

    def say(self, text: str) -> None:
        """What a running mesh would tell is told once it runs."""

    def expects(self, meant: Meant) -> None:
        """Nothing can be put in force here."""

    def edge(self, client: str, service: str) -> Edge:
        """The calls of a client to a service."""
        paths = paths_named(self.stack.mesh, client, service)
        return Edge(self._hand, Named(f"{client} → {service}", paths))

    def node(self, name: str) -> Node:
        """A virtual node."""
        mesh = self.stack.mesh
        return Node(self._hand, mesh, nodes_named(mesh, name))

    def external(self, name: str) -> ExternalOf:
        """Something outside the mesh."""
        return ExternalOf(self._hand, name)

    @property
    def _hand(self) -> Hand:
        return cast("Hand", self)
