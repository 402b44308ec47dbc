"""Durations and shares as people write them."""

from __future__ import annotations

import math
import re

from chaosmesh.errors import UsageError

_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zµ]+)\s*")
_PERCENT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*%\s*")


def seconds(text: str) -> float | None:
    """Seconds of "300ms", "2s", "1.5 s", "1m"; None if `text` is no duration."""
    found = _DURATION.fullmatch(text)
    if not found or found[2] not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2]]


def number(text: str) -> float | None:
    """0.99 of "99 %" and of "0.99"; None if `text` is neither, or no finite number."""
    found = _PERCENT.fullmatch(text)
    if found:
        return float(found[1]) / 100
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def duration(value: float | str, what: str) -> float:
    """Seconds of a duration with its unit; UsageError for a bare number or anything else."""
    known = seconds(value) if isinstance(value, str) else None
    if known is not None:
        return known
    bare = number(value) if isinstance(value, str) else value
    if isinstance(bare, (int, float)):
        raise UsageError(
            f"{what} is compared with a duration, and {value!r} has no unit",
            hint=f'write "{bare:g}ms" or "{bare:g}s"',
        )
    raise UsageError(f"{what}: {value!r} is no duration", hint='write it like "300ms" or "2s"')


def spoken(value: float) -> str:
    """A duration for people: 0.3 is "300 ms"."""
    return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s"
