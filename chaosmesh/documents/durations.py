"""Spans of time as people write them: "250ms", "2s", "1.5m"."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*")
PATTERN = r"^\s*\d+(\.\d+)?\s*(ms|s|m|h)\s*$"


def seconds(value: Any) -> float:
    """Seconds of a duration (ValueError for a bare number: nobody can tell its unit)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit; write "{value}ms" or "{value}s"')  # noqa: TRY004 (pydantic wants it)
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f'{value!r} is no duration; write it like "250ms" or "2s"')
    return float(found[1]) * _UNITS[found[2]]


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["250ms", "2s"]}),
]
