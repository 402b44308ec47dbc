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
    return checked(Shape(name, tuple(flat(rate, span(length)) for rate, length in read)))


def spike(base: float, peak: float, at: str, width: str, after: str | None = None) -> Shape:
    """`base` until `at`, `peak` for `width`, and `base` again for as long as before it, or for `after`."""
    _numbers("spike", base=base, peak=peak)
    return hump(base, peak, span(at), span(width), None if after is None else span(after))


def ramp(start: float, end: float, over: str, hold: str | None = None) -> Shape:
    """From one rate to another in a straight line, then `hold` at the last one."""
    _numbers("ramp", start=start, end=end)
    held = () if hold is None else (flat(end, span(hold)),)
    name = f"ramp {start:g} → {end:g}/s over {over}"
    return checked(Shape(name, (Piece(span(over), start, end), *held)))


def diurnal(low: float, high: float, period: str, days: int = 1) -> Shape:
    """A day pressed into `period`: `low` at its ends (the night), `high` in its middle, a cosine between."""
    _numbers("diurnal", low=low, high=high)
    return day(low, high, span(period), days)


def flat(rate: float, length: float) -> Piece:
    """One rate for `length` seconds."""
    return Piece(length, rate, rate)


def hump(base: float, peak: float, at: float, width: float, after: float | None) -> Shape:
    """`spike` in seconds."""
    name = f"spike {base:g} → {peak:g}/s at {at:g} s for {width:g} s"
    last = at if after is None else after
    return checked(Shape(name, (flat(base, at), flat(peak, width), flat(base, last))))


def day(low: float, high: float, period: float, days: int) -> Shape:
    """`diurnal` in seconds."""
    if days < 1:
        raise UsageError(f"diurnal: days must be at least 1 (got {days})")
    length = period / _OF_A_DAY
    swing = [(high - low) * (1 - math.cos(2 * math.pi * n / _OF_A_DAY)) / 2 for n in range(_OF_A_DAY + 1)]
    curve = tuple(Piece(length, low + start, low + end) for start, end in pairwise(swing))
    return checked(Shape(f"diurnal {low:g}–{high:g}/s in {period:g} s", curve * days))


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
        if not (math.isfinite(one.seconds) and one.seconds > 0):
            raise UsageError(
                f"{shape.name}: a part of it takes no time", hint='write it like "500ms" or "2s"'
            )
        if not all(math.isfinite(rate) and rate >= 0 for rate in (one.start, one.end)):
            raise UsageError(f"{shape.name}: a rate must be 0 or more requests a second")
    if not shape.requests > 0:
        raise UsageError(f"{shape.name}: nothing would be sent", hint="give a rate above 0")
    return shape


def _numbers(shape: str, **rates: object) -> None:
    for word, rate in rates.items():
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise UsageError(
                f"{shape}: {word}={rate!r} is no rate", hint=f"{word}=50 is 50 requests a second"
            )


def _stage(stage: tuple[float, str]) -> tuple[float, str]:
    try:
        rate, length = stage
        return float(rate), length
    except (TypeError, ValueError):
        raise UsageError(f"steps: {stage!r} is no step", hint='steps((50, "2s"), (200, "2s"))') from None
