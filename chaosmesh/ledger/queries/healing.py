"""When users were well again after a heal, and stayed so.

A request is bad when it failed, or took longer than a bound. Users are well again from the moment after which no
run of requests, however short or long, holds more than a share `line` of bad ones. That moment is where the sum of
(1 − line) for each bad request and −line for each good one is highest: the maximum-likelihood estimate of a change
from `UNWELL` to the background's share of bad requests (D. V. Hinkley, Inference about the change-point from
cumulative sum tests, Biometrika 58, 1971; the sum is E. S. Page's of 1954). Without background it is simply the last bad
request; with it, a stray failure long after the others does not move it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.ledger.model import Request
from chaosmesh.ledger.queries.shares import Share

UNWELL = 0.1
"""Share of bad requests that must not pass for well, unless the background itself is worse than a fifth of it."""

SURE = 30
"""Good requests that must follow: with 3/0.1 of them, a share of 10 % would have shown with 95 % (rule of three)."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """`ms` from the heal to the last request that was intended before users were well again (0: they were at
    once; None: they are not, or too few requests came after to know). `bad` of `requests` requests intended after the
    heal failed or were slow, `bad_after` of the `after` ones that came once users were well. `line` is the share
    of bad requests that no run of requests may pass."""

    ms: float | None
    requests: int
    bad: int
    after: int
    bad_after: int
    line: float


def recovery(
    requests: Iterable[Request],
    since_ns: int,
    *,
    slow_ms: float = math.inf,
    background: Share | None = None,
    until_ns: int | None = None,
) -> Recovery:
    """When users were well again after `since_ns` (epoch ns of the last heal), by the times at which requests were
    intended. `slow_ms`: what takes longer is bad too. `background`: good requests (k of n) of the same kind before
    any fault, so that errors which the mesh has anyway are not taken for the fault's. `until_ns` leaves out
    requests intended from then on.
    """
    later = sorted(
        (one for one in requests if one.intended_ns >= since_ns and _before(one, until_ns)),
        key=lambda one: (one.intended_ns, one.stream, one.seq),
    )
    flags = [not one.ok or one.latency_ms > slow_ms for one in later]
    line = _line(background)
    cut = _change(flags, line)
    after = flags[cut:]
    well = len(after) >= SURE
    moment = (later[cut - 1].intended_ns - since_ns) / 1e6 if cut else 0.0
    return Recovery(moment if well else None, len(later), sum(flags), len(after), sum(after), line)


def _before(one: Request, until_ns: int | None) -> bool:
    return until_ns is None or one.intended_ns < until_ns


def _line(background: Share | None) -> float:
    """The share between well and unwell at which both are equally likely; 0 without a background.

    The background's share of bad requests is estimated with one bad and one good request added (Laplace): none seen
    in 200 does not mean that there are none.
    """
    if background is None:
        return 0.0
    usual = (background.n - background.k + 1) / (background.n + 2)
    unwell = min(max(UNWELL, 5 * usual), (1 + usual) / 2)
    return math.log((1 - usual) / (1 - unwell)) / math.log(unwell * (1 - usual) / (usual * (1 - unwell)))


def _change(flags: list[bool], line: float) -> int:
    """How many requests belong to the time before users were well: where the sum is highest, the latest such place."""
    best, at, level = 0.0, 0, 0.0
    for number, bad in enumerate(flags, 1):
        level += (1.0 if bad else 0.0) - line
        if bad and level >= best:
            best, at = level, number
    return at
