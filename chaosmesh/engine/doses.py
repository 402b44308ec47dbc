"""The columns of the resilience matrix: each fault in the dose that every mesh is tried with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaosmesh.engine.predict import FailingEdge
from chaosmesh.engine.results import FaultDose
from chaosmesh.engine.theory import ON_THE_WAY_S
from chaosmesh.faults import Down, Errors, Fault, Latency, Reset

SHARE = 0.3
LATENCY_MS = 300
RESET_MS = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """One fault of the matrix: how it is made for an edge, and how it fails in theory. What comes once a period is
    under load for `least_s` seconds, so that it does come."""

    dose: FaultDose
    make: Callable[[str, tuple[str, str], int], Fault]
    theory: Callable[[tuple[str, str]], FailingEdge]
    least_s: float = 0.0


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
)
