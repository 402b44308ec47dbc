"""Percentile curves: how slow the slowest are, with a logarithmic share of requests along x."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from chaosmesh.report.charts.lines import lines
from chaosmesh.report.charts.model import Axis, Series, ms

TICKS = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999)
"""Percentiles that are named along x."""


def curve(series: Sequence[Series], *, title: str, y: Axis | None = None, summary: str = "") -> Markup:
    """Series of (percentile as a share, latency in ms). x is log10 of 1 / (1 − share): each step is ten times rarer."""
    moved = [Series(one.name, [(_rare(at), value) for at, value in one.points], one.look) for one in series]
    reach = max((at for one in moved for at, _ in one.points), default=2.0)
    x = Axis("percentile of requests", _percentile, _rare(0.5), max(reach, 2.0), ticks=[*map(_rare, TICKS)])
    return lines(moved, title=title, x=x, y=y or Axis("latency", ms, log=True), dots=True, summary=summary)


def _rare(part: float) -> float:
    return round(-math.log10(1 - part), 6)


def _percentile(rare: float) -> str:
    return f"p{100 * (1 - 10**-rare):.6g}" if rare > 0.01 else "p0"
