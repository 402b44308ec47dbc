"""What the parts of the scenario file are made of."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def text(value: Any) -> Any:
    """Variables and environment values may be numbers in YAML; text is meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def several(value: Any) -> Any:
    """One word stands for a list of one."""
    return [value] if isinstance(value, str) else value


def edge(value: Any) -> Any:
    """`client -> service` stands for the pair."""
    if not isinstance(value, str):
        return value
    parts = [one.strip() for one in re.split(r"→|-*>", value)]
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{value!r} is no edge; write [client, service] or client -> service")
    return parts


Text = Annotated[str, BeforeValidator(text, json_schema_input_type=str | bool | float)]
Words = Annotated[tuple[str, ...], BeforeValidator(several, json_schema_input_type=tuple[str, ...] | str)]
STRICT = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)
"""Of every part: unknown keys are refused."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
_Arrow = Annotated[str, Field(pattern="→|>", examples=["client -> service"])]
EdgeName = Annotated[tuple[str, str], BeforeValidator(edge, json_schema_input_type=tuple[str, str] | _Arrow)]
"""Client and service, also written `client -> service`."""


class Part(BaseModel):
    """Base of all parts."""

    model_config = STRICT
