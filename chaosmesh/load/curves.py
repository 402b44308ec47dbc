"""Builds the shapes that load testers know: steps, a spike, a day, a ramp."""

from __future__ import annotations

import math
from itertools import pairwise

from chaosmesh.documents.durations import seconds
from chaosmesh.errors import UsageError
from chaosmesh.load.shapes import Piece, Shape

_OF_A_DAY = 96
"""Straight pieces of a day's curve: quarters of an hour. Their area over a whole day is exactly the curve's."""


def constant(rate: float, duration: str) -> Shape:
    """One rate for some time."""
    return steps((rate, duration))


def steps(*stages: tuple[float, str]) -> Shape:
    """Rates one after the other, each for its time: `steps((50, "2s"), (200, "2s"))`."""
    read = [_stage(one) for one in stages]
    name = "steps " + " · ".join(f"{rate:g}/s for {length}" for rate, length in read)
    return _shape(name, *(_flat(rate, span(length)) for rate, length in read))


def spike(base: float, peak: float, at: str, width: str, after: str | None = None) -> Shape:
    """`base` until `at`, `peak` for `width`, and `base` again for as long as before it, or for `after`."""
    lead = span(at)
    return _shape(
        f"spike {base:g} → {peak:g}/s at {at} for {width}",
        _flat(base, lead),
        _flat(peak, span(width)),
        _flat(base, lead if after is None else span(after)),
    )


def ramp(start: float, end: float, over: str, hold: str | None = None) -> Shape:
    """From one rate to another in a straight line, then `hold` at the last one."""
    pieces = [Piece(span(over), start, end)]
    if hold is not None:
        pieces.append(_flat(end, span(hold)))
    return _shape(f"ramp {start:g} → {end:g}/s over {over}", *pieces)


def diurnal(low: float, high: float, period: str, days: int = 1) -> Shape:
    """A day pressed into `period`: `low` at its ends (the night), `high` in its middle, a cosine between."""
    if days < 1:
        raise UsageError(f"diurnal: days must be at least 1 (got {days})")
    length = span(period) / _OF_A_DAY
    swing = [(high - low) * (1 - math.cos(2 * math.pi * n / _OF_A_DAY)) / 2 for n in range(_OF_A_DAY + 1)]
    day = [Piece(length, low + start, low + end) for start, end in pairwise(swing)]
    return _shape(f"diurnal {low:g}–{high:g}/s in {period}", *day * days)


def span(length: str) -> float:
    """Seconds of "2s"; UsageError for anything that is no duration above 0."""
    try:
        found = seconds(length)
    except ValueError as error:
        raise UsageError(f"shape: {error}", hint='write it like "500ms" or "2s"') from None
    if found <= 0:
        raise UsageError(f"shape: {length!r} is no time at all", hint='write it like "500ms" or "2s"')
    return found


def checked(shape: Shape) -> Shape:
    """The shape; UsageError for one that can't be sent."""
    for one in shape.pieces:
        if not all(math.isfinite(rate) and rate >= 0 for rate in (one.start, one.end)):
            raise UsageError(f"{shape.name}: a rate must be 0 or more requests a second")
    if not shape.requests > 0:
        raise UsageError(f"{shape.name}: nothing would be sent", hint="give a rate above 0")
    return shape


def _shape(name: str, *pieces: Piece) -> Shape:
    return checked(Shape(name, pieces))


def _flat(rate: float, length: float) -> Piece:
    return Piece(length, rate, rate)


def _stage(stage: tuple[float, str]) -> tuple[float, str]:
    try:
        rate, length = stage
        return float(rate), length
    except (TypeError, ValueError):
        raise UsageError(f"steps: {stage!r} is no step", hint='steps((50, "2s"), (200, "2s"))') from None
