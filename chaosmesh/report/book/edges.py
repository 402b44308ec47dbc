"""What went over each edge, by SQL: calls, attempts, retries, what Envoy said, and replicas that were left out."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from chaosmesh.report.book.data import Data
from chaosmesh.report.book.model import Edge, LeftOut

MOST: Final = 60
"""Edges and replicas that are told of."""
PIECES: Final = 40
"""Points of a small line of retries."""
LUCK: Final = 1e-12
"""A replica counts as left out when that many attempts would all miss it by chance less often than this …"""
LEAST_S: Final = 0.25
"""… and for so many seconds at least: attempts in a burst are no independent draws."""


def edges_of(data: Data) -> tuple[Edge, ...]:
    """Every edge that was called, most calls first."""
    found = data.rows(
        "select client, service, count(*), count_if(ok), quantile_disc(duration_ms, 0.99) from calls group by all"
        " order by 3 desc, 1, 2 limit ?",
        MOST,
    )
    tries = {(c, s): (n, more) for c, s, n, more in data.rows(_TRIES)}
    flags: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for client, service, flag, often in data.rows(_FLAGS):
        flags[client, service][flag] = often
    lines = _retries(data)
    return tuple(
        Edge(c, s, n, ok, *tries.get((c, s), (0, 0)), flags[c, s], p99, lines.get((c, s), ()))
        for c, s, n, ok, p99 in found
    )


def left_out(data: Data) -> tuple[LeftOut, ...]:
    """Replicas that a sidecar stopped calling for so many attempts that chance does not explain it, by begin.

    With r replicas of equal share, n attempts in a row miss one with probability (1 − 1/r)^n."""
    rows = data.rows(_GAPS, LUCK, LEAST_S, MOST)
    return tuple(
        LeftOut(sidecar, service, f"{server}.{replica}", begin, end, others)
        for sidecar, service, server, replica, begin, end, others in rows
    )


def _retries(data: Data) -> dict[tuple[str, str], tuple[float, ...]]:
    """Attempts beyond the first, by edge, in equal pieces of the run."""
    begin, end = data.row("select min(t), max(t) from tries")
    if begin is None or end <= begin:
        return {}
    size = (end - begin) / PIECES
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * PIECES)
    query = (
        "select client, service, floor((t - ?) / ?)::int, count(*) from tries where attempt > 1 group by all"
    )
    for client, service, piece, often in data.rows(query, begin, size):
        found[client, service][min(piece, PIECES - 1)] = float(often)
    return {edge: tuple(values) for edge, values in found.items()}


_TRIES = "select client, service, count(*), count_if(attempt > 1) from tries group by all"
_FLAGS = (
    "select client, service, flag, count(*) from (select client, service, unnest(flags) as flag from calls)"
    " group by all order by 4 desc"
)
_GAPS = """
with placed as (
  select sidecar, service, server, replica, t,
    row_number() over (partition by sidecar, service, server order by start_ns) as number,
    count(*) over (partition by sidecar, service, server) as whole
  from tries where replica is not null and not tcp
), copies as (
  select sidecar, service, server, count(distinct replica) as copies, max(t) as last from placed group by all
), gaps as (
  select *, lead(number) over one as following, lead(t) over one as again
  from placed window one as (partition by sidecar, service, server, replica order by number)
)
select sidecar, service, server, replica, t, again, coalesce(following, whole + 1) - number - 1 as others
from gaps join copies using (sidecar, service, server)
where copies > 1 and power(1 - 1 / copies, coalesce(following, whole + 1) - number - 1) < ?
  and coalesce(again, last) - t > ?
order by t, sidecar, replica limit ?
"""
