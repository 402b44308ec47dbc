"""Percentile curves, by SQL: how slow the slowest were before, under and after a fault, or under each kind of fault."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from chaosmesh.ledger.faults import FaultWindow
from chaosmesh.report.book.data import Data
from chaosmesh.report.book.load import span_ns, window
from chaosmesh.report.book.model import Curve

MARKS: Final = (0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)
MOST: Final = 6
"""Curves of one chart."""
NAMES: Final = {"before": "before the fault", "under": "under the fault", "after": "after it was healed"}

_LATENCIES = """
select part, count(*), count_if(isinf(latency_ms)),
  quantile_disc(latency_ms, [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999])
from {source} where part is not null group by part order by 2 desc
"""
_BY_PART = _LATENCIES.format(source="asked")
_BY_PHASE = _LATENCIES.format(source="phased")


def by_part(data: Data) -> tuple[Curve, ...]:
    """A curve for each group of streams."""
    return tuple(_curve(*one) for one in data.rows(_BY_PART))[:MOST]


def by_phase(data: Data, faults: Iterable[FaultWindow]) -> tuple[Curve, ...]:
    """Curves of the requests before the first fault, under any, and after the last was healed (by the time at which they
    were meant to leave). One of all requests where no fault was in force."""
    begin, end = data.row("select min(t), max(t) from asked")
    if begin is None:
        return ()
    spans = [window(data, one, end) for one in faults if one.overlaps(*span_ns(data, begin, end))]
    if not spans:
        return tuple(_curve("all requests", *rest) for _, *rest in data.rows(_BY_PART))[:1]
    data.insert("spans", ((one.begin_s, one.end_s) for one in spans))
    found = {part: _curve(NAMES[part], *rest) for part, *rest in data.rows(_BY_PHASE)}
    return tuple(found[part] for part in NAMES if part in found)


def _curve(name: str, total: int, unanswered: int, latencies: list[Any]) -> Curve:
    """As far as the number of requests reaches."""
    pairs = zip(MARKS, latencies, strict=True)
    kept = [(mark, ms) for mark, ms in pairs if mark == MARKS[0] or total * (1 - mark) >= 1]
    return Curve(name, total, unanswered, tuple((mark, ms) for mark, ms in kept if not math.isinf(ms)))
