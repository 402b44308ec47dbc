"""What the mesh itself costs: milliseconds a hop, megabytes a sidecar."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from chaosmesh.engine.stack import Stack

SAMPLE = 40_000


def ms_per_hop(stack: Stack) -> float | None:
    """Median over the calls answered at the first attempt: how much longer one takes at its caller's sidecar than
    at the callee's (the caller's sidecar, Toxiproxy and two loopback connections). None without such calls."""
    outer: dict[str, float] = {}
    inner: dict[str, float] = {}
    for row in stack.ledger.rows[:SAMPLE]:
        if not row.attempt_row and row.status == 200 and row.attempt == 1:
            (outer if row.side == "egress" else inner)[row.call] = row.duration_ms
    gaps = [outer[call] - inner[call] for call in outer.keys() & inner.keys()]
    return round(median(gaps), 3) if gaps else None


def sidecar_mb(stack: Stack) -> float | None:
    """Proportional set size of a sidecar, the mean over all of them, in MB (2^20 bytes)."""
    sizes = []
    for replica in stack.topology.replicas:
        path = Path(f"/proc/{stack.runtime.pid(replica, 'sidecar')}/smaps_rollup")
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")]
    return round(sum(sizes) / len(sizes), 1) if sizes else None
