"""What charts are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Point = tuple[float, float | None]
"""x and y; None is a gap."""


def plain(value: float) -> str:
    """A number as short as it can be: "1,240", "0.25"."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def ms(value: float) -> str:
    """Milliseconds with their unit: "0.4 ms", "85 ms", "1.2 s"."""
    if value >= 1000:
        return f"{value / 1000:.3g} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"


def clock(value: float) -> str:
    """Seconds from the begin: "12 s", "2:05 min"."""
    if value < 120:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}:{rest:02d} min"


def share(value: float) -> str:
    """A share as "99.8 %"."""
    return f"{value * 100:.4g} %"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it measures, how its numbers are written, its ends (None: from the numbers) and its ticks (none:
    round numbers)."""

    label: str
    form: Callable[[float], str] = plain
    low: float | None = None
    high: float | None = None
    log: bool = False
    ticks: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """A row of points by x. `look` is its class in the style sheet: `s1` … `s6`, `good`, `bad`, `warn`, `soft`."""

    name: str
    points: Sequence[Point]
    look: str = "s1"


@dataclass(frozen=True, slots=True)
class Band:
    """A range at each x, low and high: what was predicted, or an interval."""

    name: str
    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Shade:
    """A span of x in which something was in force."""

    begin: float
    end: float
    label: str
