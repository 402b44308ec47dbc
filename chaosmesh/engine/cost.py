"""What the mesh itself costs: milliseconds a hop, megabytes a sidecar."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from chaosmesh.engine.stack import Stack

SAMPLE = 20_000


def cost(stack: Stack) -> dict[str, float | None]:
    """`ms_per_hop`: median of what an attempt takes longer at its caller's sidecar than at the callee's
    application (two sidecars and Toxiproxy); `sidecar_mb`: proportional set size of a sidecar, the mean."""
    return {"ms_per_hop": _ms_per_hop(stack), "sidecar_mb": _sidecar_mb(stack)}


def _ms_per_hop(stack: Stack) -> float | None:
    inner: dict[tuple[str, int], float] = {}
    outer: dict[tuple[str, int], float] = {}
    for row in stack.ledger.rows[:SAMPLE]:
        if row.attempt_row and row.status == 200:
            side = outer if row.side == "egress" else inner
            side[row.call, row.attempt] = row.duration_ms
    gaps = [outer[key] - inner[key] for key in outer.keys() & inner.keys()]
    return round(median(gaps), 3) if gaps else None


def _sidecar_mb(stack: Stack) -> float | None:
    sizes = []
    for replica in stack.topology.replicas:
        path = Path(f"/proc/{stack.runtime.pid(replica, 'sidecar')}/smaps_rollup")
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")]
    return round(sum(sizes) / len(sizes), 1) if sizes else None
