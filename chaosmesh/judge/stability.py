"""What a system does once the cause of its trouble is gone: it recovers, it drains, or it is stuck.

"Not recovered yet" is not "stuck". A queue that shortens, however slowly, ends at a time that can be told; one that
does not, because those who gave up come again faster than it is served, never ends: a metastable failure (Bronson and
others, HotOS'21; Huang and others, OSDI'22). The two look the same to users, so the server's queue decides: work that
came minus work that was done, by the server's known capacity.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

Kind = Literal["recovered", "draining", "stuck", "unclear"]

WELL: Final = 0.9
"""Users are well again at this share of the success that they had before."""

WINDOW: Final = 0.5  # seconds of one look at goodput
FEWEST: Final = 5  # requests in a window that says something
BINS: Final = 16

SURE: Final = 4.6
"""Standard errors of a rate from its bins: Student's t for 15 degrees of freedom, 1 in 6,000 on one side, so that one may
look at a slow drain again and again."""

SETTLING: Final = 1.0  # seconds after healing that don't count for the pace
IN_A_BIN: Final = 5.0  # requests in a bin that tells whether they come evenly
ENOUGH_BINS: Final = 10

SHORTEST: Final = 2.0
"""Seconds after healing before which no pace is believed: those who gave up before have to come again first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen, in seconds of one clock. `asked`: (start of a request, whether it was answered well), in order.
    `arrived`: when attempts came to the server, in order. `healed`: when the cause went; `end`: when the load ended.

    `capacity`: (from when, requests/s of all replicas together; None: no limit), the cut of the fault included; empty:
    not known.
    """

    asked: Sequence[tuple[float, bool]]
    arrived: Sequence[float]
    healed: float
    end: float
    capacity: Sequence[tuple[float, float | None]] = ()


@dataclass(frozen=True, slots=True)
class Stability:
    """`goodput`: good answers per request in the last second, `before` the same until the cause came or, without any
    such time, 1. `recovered_s`: seconds from healing until users were well for good. `queue_s`: how long one that comes
    last waits, `growth` of the queue in requests/s, `drain_s`: seconds until it is empty at this pace; None: unknown,
    or never. `why` says it in words.
    """

    kind: Kind
    goodput: float
    before: float
    recovered_s: float | None
    queue_s: float | None
    growth: float | None
    drain_s: float | None
    why: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}"


def classify(seen: Seen, *, since: float | None = None) -> Stability:
    """What became of it. `since`: when the cause came; what was before tells how well users usually are."""
    before = _share(seen.asked, -math.inf, seen.healed if since is None else since) if since else None
    usual = before if before is not None else 1.0
    at = _recovered(seen, usual)
    last = _share(seen.asked, max(seen.healed, seen.end - 2 * WINDOW), seen.end + 1e-9)
    goodput = 0.0 if last is None else last
    queue, growth, sure = _queue(seen)
    wait = _wait(seen, queue)

    def told(kind: Kind, why: str, drain: float | None = None) -> Stability:
        return Stability(kind, goodput, usual, at, wait, growth, drain, why)

    if not usual:
        return told("unclear", "nobody was answered well before the cause came either")
    if at is not None:
        return told("recovered", f"users are well again {at:.1f} s after healing", 0.0)
    poor = f"{goodput:.0%} of the last requests were answered well, {usual:.0%} is usual"
    if growth is None or queue is None or sure is None:
        return told(
            "unclear",
            f"{poor}; without the server's capacity a slow drain looks the same as a queue for ever",
        )
    pace = f"the queue holds {queue:.0f} and changes by {growth:+.1f} requests a second (± {sure:.1f})"
    if seen.end - seen.healed < SHORTEST:
        return told("unclear", f"{poor}; {pace}: it is too early to tell")
    if growth < -sure and queue > 0:
        drain = queue / -growth
        return told("draining", f"{poor}; {pace}: it is empty in {drain:.1f} s", drain)
    if growth > sure:
        return told("stuck", f"{poor}; {pace}: more comes again than is served, so it never ends by itself")
    if not queue:
        return told("unclear", f"{poor}, although the server must have served all that came")
    return told("unclear", f"{poor}; {pace}: look for longer")


def backlog(arrived: Sequence[float], capacity: Sequence[tuple[float, float | None]], until: float) -> float:
    """Requests in a queue at a time, if what came was served at this capacity: Lindley's recursion.

    Exact up to one request for a server that takes one after another and finishes what it took in.
    """
    queue, now = 0.0, -math.inf
    for at in arrived:
        if at >= until:
            break
        queue = max(0.0, queue - _served(capacity, now, at)) + 1
        now = at
    return max(0.0, queue - _served(capacity, now, until))


def _served(capacity: Sequence[tuple[float, float | None]], since: float, until: float) -> float:
    """How many a server could serve between two times."""
    done = 0.0
    for (begin, rate), (end, _) in pairwise([*capacity, (math.inf, None)]):
        seconds = min(until, end) - max(since, begin)
        if seconds > 0:
            done += math.inf if rate is None else rate * seconds
    return done


def _queue(seen: Seen) -> tuple[float | None, float | None, float | None]:
    """The queue at the end, its growth in requests/s since shortly after healing, and how exactly that is known."""
    rate = seen.capacity[-1][1] if seen.capacity else None
    if rate is None:
        return None, None, None
    queue = backlog(seen.arrived, seen.capacity, seen.end)
    begin = seen.healed + min((seen.end - seen.healed) / 2, SETTLING)
    seconds = seen.end - begin
    if seconds <= 0:
        return queue, None, None
    came = sum(begin <= at < seen.end for at in seen.arrived) / seconds
    asked = sum(begin <= at < seen.end for at, _ in seen.asked) / seconds
    error = max(_spread(seen.arrived, begin, seen.end), _luck(seen, begin, came, asked))
    # One request more or less at the edges of the time is no news.
    return queue, came - rate, SURE * error + 1 / seconds


def _spread(times: Sequence[float], begin: float, end: float) -> float:
    """Standard error of a rate, from how much it changes from bin to bin."""
    step = (end - begin) / BINS
    counts = [0] * BINS
    for at in times:
        if begin <= at < end:
            counts[min(int((at - begin) / step), BINS - 1)] += 1
    mean = sum(counts) / BINS
    return math.sqrt(sum((one - mean) ** 2 for one in counts) / (BINS - 1) / BINS) / step


def _luck(seen: Seen, begin: float, came: float, asked: float) -> float:
    """Standard error of the attempts' rate from how unevenly requests come: each brings all of its attempts with it."""
    if not asked:
        return 0.0
    width = IN_A_BIN / asked
    bins = int((seen.end - begin) / width)
    counts = [0] * bins
    for at, _ in seen.asked:
        if begin <= at < begin + bins * width:
            counts[min(int((at - begin) / width), bins - 1)] += 1
    # Few bins tell little: then the requests count as coming by chance.
    spread = sum((one - IN_A_BIN) ** 2 for one in counts) / bins / IN_A_BIN if bins >= ENOUGH_BINS else 1.0
    return came / asked * math.sqrt(asked * spread / (seen.end - begin))


def _wait(seen: Seen, queue: float | None) -> float | None:
    rate = seen.capacity[-1][1] if seen.capacity else None
    return None if queue is None or rate is None else queue / rate


def _recovered(seen: Seen, usual: float) -> float | None:
    """Seconds from healing until the first window from which on all are well; None if the last one is not."""
    found, at = None, seen.healed
    while at + WINDOW <= seen.end:
        share = _share(seen.asked, at, at + WINDOW)
        if share is not None and share < WELL * usual:
            found = None
        elif share is not None and found is None:
            found = at - seen.healed
        at += WINDOW
    return found


def _share(asked: Sequence[tuple[float, bool]], since: float, until: float) -> float | None:
    """Share of well answered requests among those that started in between; None where too few did."""
    first, last = (bisect_left(asked, at, key=lambda one: one[0]) for at in (since, until))
    ok = [good for _, good in asked[first:last]]
    return sum(ok) / len(ok) if len(ok) >= FEWEST else None
