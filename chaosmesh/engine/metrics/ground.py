"""The running mesh that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chaosmesh.ledger import Ledger
from chaosmesh.mesh import Mesh, Topology
from chaosmesh.runtime.prometheus import Hands


class Senders(Protocol):
    """The processes that send load."""

    def pids(self) -> Sequence[int]:
        """Of those that run."""


class Ground(Protocol):
    """What metrics need of it."""

    mesh: Mesh
    topology: Topology
    ledger: Ledger
    run: str

    @property
    def generators(self) -> Senders:
        """What sends."""

    @property
    def prometheus_hands(self) -> Hands:
        """What starts a server here."""
