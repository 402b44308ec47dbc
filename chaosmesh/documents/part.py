"""What the parts of the scenario file are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict


def text(value: Any) -> Any:
    """Variables and environment values may be numbers in YAML; text is meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def several(value: Any) -> Any:
    """One word stands for a list of one."""
    return [value] if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(text)]
Words = Annotated[tuple[str, ...], BeforeValidator(several)]
STRICT = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)
"""Of every part: unknown keys are refused."""
