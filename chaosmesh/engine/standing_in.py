"""What fallbacks did to the calls of an edge, and what that says of a fault on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaosmesh.faults import Dose, Fault
from chaosmesh.ledger import Attempt, Call
from chaosmesh.mesh import Mesh

DEAD = frozenset({"down", "timeout", "limit_data"})
"""Faults after which a health check fails and hosts are ejected."""


def others(mesh: Mesh, service: str) -> frozenset[str]:
    """Workloads that only stand in for the service's own targets."""
    return frozenset(mesh.targets(service)) - frozenset(mesh.own_targets(service))


def answered_elsewhere(mesh: Mesh, service: str, calls: Sequence[Call]) -> float | None:
    """Share of the calls that a fallback answered well; None where the service has none, or nobody called."""
    standing_in = others(mesh, service)
    if not standing_in or not calls:
        return None
    last = (call.attempts[-1] for call in calls if call.ok and call.attempts)
    return sum(one.server in standing_in for one in last) / len(calls)


def dose_of(fault: Fault, mesh: Mesh, attempts: Sequence[Attempt]) -> Dose:
    """What a fault did to the attempts of its edge.

    An edge on which nothing comes through may be left alone by a sidecar that watches it: then the first attempts
    that a fallback got are what the fault brought about.
    """
    dose = fault.dose(attempts)
    if fault.kind not in DEAD:
        return dose
    standing_in = others(mesh, fault.edge[1])
    led_away = sum(one.number == 1 and one.server in standing_in for one in attempts)
    return replace(dose, hit=min(dose.attempts, dose.hit + led_away))
