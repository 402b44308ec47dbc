"""The columns of the resilience matrix: each fault in the dose that every mesh is tried with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.results import FaultDose
from chaosmesh.engine.theory import ON_THE_WAY_S
from chaosmesh.errors import UsageError
from chaosmesh.faults import Copy, Crash, Down, Errors, Fault, Hang, Latency, Reset
from chaosmesh.mesh import Mesh

SHARE = 0.3
LATENCY_MS = 300
RESET_MS = 1000
HALF = 0.5
"""Share of the first attempts that go to one of two replicas."""


@dataclass(frozen=True, slots=True)
class Column:
    """One fault of the matrix: how it is made for an edge, and how it fails in theory. What comes once a period is
    under load for `least_s` seconds, so that it does come.

    `strike`: it is made for one replica of a node that has several, and every edge to that node meets it.
    """

    dose: FaultDose
    make: Callable[[str, tuple[str, str], int], Fault] | None
    theory: Callable[[tuple[str, str]], FailingEdge]
    least_s: float = 0.0
    strike: Callable[[str, Copy], Fault] | None = None

    def fault(self, name: str, edge: tuple[str, str], seed: int, victim: Copy | None) -> Fault:
        """The fault for one cell; `victim` is the replica that a `strike` needs."""
        if self.strike is not None and victim is not None:
            return self.strike(name, victim)
        if self.make is None:
            raise UsageError(f"{self.dose.label}: {edge[1]} has no second replica")
        return self.make(name, edge, seed)


COLUMNS: tuple[Column, ...] = (
    Column(
        FaultDose("errors", f"503 {SHARE:.0%}".replace("%", " %"), {"status": 503, "share": SHARE}),
        lambda name, edge, seed: Errors(name, edge, 503, SHARE, seed),
        lambda edge: FailingEdge(edge, SHARE, 503, "answered"),
    ),
    Column(
        FaultDose("latency", f"+{LATENCY_MS} ms", {"ms": LATENCY_MS}),
        lambda name, edge, _seed: Latency(name, edge, LATENCY_MS),
        lambda edge: FailingEdge(edge, 1.0, 504, "slow", LATENCY_MS / 1000),
    ),
    Column(
        FaultDose("reset", "reset", {"every_ms": RESET_MS}),
        lambda name, edge, _seed: Reset(name, edge, RESET_MS),
        lambda edge: FailingEdge(edge, 1000 * ON_THE_WAY_S / RESET_MS, 503, "reset"),
        least_s=2.5 * RESET_MS / 1000,
    ),
    Column(
        FaultDose("down", "all down"),
        lambda name, edge, _seed: Down(name, edge),
        lambda edge: FailingEdge(edge, 1.0, 503, "reset"),
    ),
    Column(
        FaultDose("hang", "1 replica hangs"),
        None,
        lambda edge: FailingEdge(edge, HALF, 504, "hung"),
        strike=lambda name, copy: Hang(id=name, node=copy.node, replica=copy.index),
    ),
    Column(
        FaultDose("crash", "1 crashes"),
        None,
        lambda edge: FailingEdge(edge, HALF, 503, "refused"),
        strike=lambda name, copy: Crash(id=name, node=copy.node, replica=copy.index),
    ),
)


def victim(mesh: Mesh, edge: tuple[str, str], counts: Mapping[str, int]) -> Copy | None:
    """The replica that stands for all of an edge's: the last one of its heaviest target that has several."""
    several = [one for one in _by_weight(mesh, edge[1]) if counts.get(one, 0) > 1]
    return Copy(several[0], counts[several[0]] - 1) if several else None


def _by_weight(mesh: Mesh, service: str) -> list[str]:
    weights: Counter[str] = Counter()
    for route in mesh.service(service).routes:
        weights.update({target.workload: target.weight for target in route.targets})
    own = mesh.own_targets(service)
    return sorted(own, key=lambda one: (-weights[one], own.index(one)))
