"""How a fault makes the attempts on its edge fail, where that has a closed form."""

from __future__ import annotations

import math
from typing import Final

from chaosmesh.engine.predict import FailingEdge
from chaosmesh.faults import Delay, Down, Errors, Fault, Latency, Reset, Timeout

ON_THE_WAY_S: Final = 0.005
"""Seconds that an attempt in a mesh of stand-ins is on its way: what a cut finds, it breaks."""


def failing_edge(fault: Fault) -> FailingEdge | None:
    """None for what the closed forms don't know: a part of the replicas or of the requests, slow or broken bodies,
    gRPC codes, statuses below 500 (a request that gets one has succeeded)."""
    if narrowed(fault):
        return None
    match fault:
        case Errors(status=int(status)) if status >= 500:
            return FailingEdge(fault.edge, fault.share, status, "answered")
        case Delay():
            return FailingEdge(fault.edge, fault.share, 504, "slow", fault.ms / 1000)
        case Latency():
            return FailingEdge(fault.edge, 1.0, 504, "slow", fault.ms / 1000)
        case Down():
            return FailingEdge(fault.edge, 1.0, 503, "reset")
        case Reset():
            share = min(1.0, 1000 * ON_THE_WAY_S / fault.every_ms)
            return FailingEdge(fault.edge, share, 503, "reset")
        case Timeout(ms=0):
            return FailingEdge(fault.edge, 1.0, 504, "slow", math.inf)
    return None


def narrowed(fault: Fault) -> bool:
    """Whether a fault spares some replicas, or some requests of its edge."""
    match fault:
        case Errors() | Delay():
            return fault.some or fault.replica is not None or fault.workload is not None
        case Latency() | Down() | Reset() | Timeout():
            return fault.replica is not None or fault.workload is not None
    return False
