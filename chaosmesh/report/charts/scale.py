"""From numbers to places: ticks that people read easily, linear or logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.report.charts.model import Axis

SIZE = 1000
"""Units of the stretched inner picture, both ways."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low`–`high` to a share of the length."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """0 at `low`, 1 at `high`; what lies beyond stays at the end."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            found = (math.log(max(value, self.low)) - low) / (high - low)
        else:
            found = (value - self.low) / (self.high - self.low)
        return min(max(found, 0.0), 1.0)

    def percent(self, value: float) -> str:
        """A place along x for an attribute."""
        return f"{100 * self.at(value):.2f}%"

    def x(self, value: float) -> str:
        """A place along x in the stretched picture."""
        return f"{SIZE * self.at(value):.1f}".removesuffix(".0")

    def y(self, value: float) -> str:
        """A place along y in the stretched picture, which counts downwards."""
        return f"{SIZE * (1 - self.at(value)):.1f}".removesuffix(".0")

    def ticks(self, most: int) -> list[float]:
        """Round numbers between the ends."""
        return _decades(self.low, self.high) if self.log else _steps(self.low, self.high, most)


def scale(axis: Axis, values: Iterable[float]) -> Scale:
    """The axis's ends, or round ones around the numbers; never of no length."""
    found = [one for one in values if math.isfinite(one)]
    if axis.log:
        found = [one for one in found if one > 0]
    low = axis.low if axis.low is not None else min(found, default=0.0)
    high = axis.high if axis.high is not None else max(found, default=1.0)
    if axis.log:
        low = low if axis.low is not None else 10 ** math.floor(math.log10(low or 1.0))
        high = high if axis.high is not None else high * 1.15
        return Scale(low, max(high, low * 10), log=True)
    if high <= low:
        high = low + 1.0
    if axis.high is None:
        step = _step(high - low, 4)
        high = math.ceil(high / step - 1e-9) * step
    return Scale(low, high)


def _step(length: float, most: int) -> float:
    raw = length / most
    size = 10 ** math.floor(math.log10(raw))
    return float(next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= raw * (1 - 1e-9)))


def _steps(low: float, high: float, most: int) -> list[float]:
    step = _step(high - low, most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(step * one, 10) for one in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    found = [10.0**one for one in range(first, last + 1)]
    if len(found) < 3:
        found = sorted(
            {*found, *(3 * 10.0**one for one in range(first - 1, last + 1) if low <= 3 * 10.0**one <= high)}
        )
    return found
