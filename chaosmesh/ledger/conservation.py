"""Rows against Envoy's own counters: whether the ledger saw every attempt.

For one life of a sidecar and one upstream cluster

    attempt rows = upstream_rq_total + upstream_rq_pending_failure_eject + upstream_rq_pending_overflow
                   + upstream_rq_cancelled

The last one counts attempts that were given up (a try's timeout, a caller that left) while they still waited for
a connection. Health checks are in neither side: Envoy sends them past the counted pool, and the router logs none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chaosmesh.envoy import AccessRow

SUMMED = (
    "upstream_rq_total",
    "upstream_rq_pending_failure_eject",
    "upstream_rq_pending_overflow",
    "upstream_rq_cancelled",
)
STOPPED = ("upstream_rq_pending_failure_eject", "upstream_rq_pending_overflow")
ACTIVE = "upstream_rq_active"
EGRESS = "cds_egress_"

Counters = Mapping[str, Mapping[str, Mapping[str, int]]]  # sidecar → cluster → counter → value


@dataclass(frozen=True, slots=True)
class Conservation:
    """Attempt rows and counters by (sidecar, cluster); `lost` are attempts of killed sidecars that only
    their servers saw; `differences` says in words where the two disagree."""

    rows: Mapping[tuple[str, str], int]
    counters: Mapping[tuple[str, str], int]
    lost: int
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every attempt that Envoy counted has its row, and no other row exists."""
        return not self.differences


def stat_name(cluster: str) -> str:
    """A cluster's name as Envoy writes it in the names of its counters."""
    return cluster.replace(":", "_")


def parse_stats(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Envoy's `/stats?format=json` as {cluster: {counter: value}}, with the counters that matter here."""
    found: dict[str, dict[str, int]] = {}
    wanted = (*SUMMED, ACTIVE)
    for stat in answer.get("stats", ()):
        prefix, _, rest = str(stat.get("name", "")).partition(".")
        cluster, _, counter = rest.rpartition(".")
        if prefix == "cluster" and counter in wanted and isinstance(value := stat.get("value"), int):
            found.setdefault(cluster, {})[counter] = value
    return found


def count_rows(
    rows: Iterable[AccessRow], since: Mapping[str, int], prefix: str = EGRESS
) -> dict[tuple[str, str], int]:
    """Attempt rows by (sidecar, cluster); `since`: when a sidecar's present life began, epoch ns.

    An attempt that a breaker stops is logged without its cluster: those are counted under "". A connection (TCP)
    that goes to a server is one attempt; one that a breaker stops is in none of the counters, and so not here.
    """
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        ours = row.cluster.startswith(prefix) if row.cluster else row.side == "egress"
        attempt = row.attempt_row or (row.tcp and bool(row.attempt))
        if attempt and ours and row.start_ns >= since.get(row.sidecar, 0):
            key = (row.sidecar, stat_name(row.cluster))
            counted[key] = counted.get(key, 0) + 1
    return counted


def compare(
    counted: Mapping[tuple[str, str], int], counters: Counters, lost: int, prefix: str = EGRESS
) -> Conservation:
    """Hold rows against counters; a sidecar with rows whose counters were not read is a difference."""
    told = {
        (sidecar, cluster): sum(values.get(name, 0) for name in SUMMED)
        for sidecar, clusters in counters.items()
        for cluster, values in clusters.items()
        if cluster.startswith(prefix)
    }
    differences = [
        text for sidecar in sorted(counters) for text in _of_sidecar(sidecar, counted, told, counters)
    ]
    differences += [
        f"{sidecar}: {count} rows, but its counters were not read"
        for sidecar, count in _unread(counted, counters)
    ]
    differences += [
        f"{sidecar} {cluster}: {active} attempts still under way"
        for sidecar, clusters in sorted(counters.items())
        for cluster, values in sorted(clusters.items())
        if cluster.startswith(prefix) and (active := values.get(ACTIVE, 0))
    ]
    shown = {key: count for key, count in sorted(counted.items()) if key[0] in counters}
    return Conservation(shown, dict(sorted(told.items())), lost, tuple(differences))


def _of_sidecar(
    sidecar: str,
    counted: Mapping[tuple[str, str], int],
    told: Mapping[tuple[str, str], int],
    counters: Counters,
) -> list[str]:
    """Where one sidecar disagrees; rows without a cluster stand for attempts that never got a connection."""
    clusters = sorted({cluster for key, cluster in (*told, *counted) if key == sidecar and cluster})
    nameless, filled, differences = counted.get((sidecar, ""), 0), 0, []
    for cluster in clusters:
        rows, attempts = counted.get((sidecar, cluster), 0), told.get((sidecar, cluster), 0)
        values = counters[sidecar].get(cluster, {})
        if 0 <= attempts - rows <= sum(values.get(name, 0) for name in STOPPED):
            filled += attempts - rows
        else:
            differences.append(f"{sidecar} {cluster}: {rows} rows, {attempts} attempts counted by Envoy")
    if filled != nameless:
        differences.append(
            f"{sidecar}: {nameless} rows of attempts without a connection, {filled} counted by Envoy"
        )
    return differences


def _unread(counted: Mapping[tuple[str, str], int], counters: Counters) -> list[tuple[str, int]]:
    missing: dict[str, int] = {}
    for (sidecar, _), count in counted.items():
        if sidecar not in counters:
            missing[sidecar] = missing.get(sidecar, 0) + count
    return sorted(missing.items())
