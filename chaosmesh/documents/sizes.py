"""Amounts of memory as people write them: "256m", "1g", "512MiB"."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([bkmg])i?b?\s*", re.IGNORECASE)
PATTERN = r"^\s*\d+(\.\d+)?\s*[bBkKmMgG][iI]?[bB]?\s*$"


def megabytes(value: Any) -> int:
    """MiB of an amount, at least 1 (ValueError for a bare number: nobody can tell its unit). Units count in 1024s, as
    Docker's do."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit; write "{value}m" for megabytes')  # noqa: TRY004 (pydantic wants it)
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f'{value!r} is no amount of memory; write it like "256m" or "1g"')
    return max(1, round(float(found[1]) * _UNITS[found[2].lower()] / 2**20))


Memory = Annotated[
    int,
    BeforeValidator(megabytes),
    Field(ge=4),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["256m", "1g"]}),
]
"""In MiB; Docker takes 4 or more (newer ones 6)."""
