"""A fault's form, filled in: its fields checked, and the call that it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chaosmesh.engine.tower.kinds import Argument, Recipe
from chaosmesh.engine.tower.state import Field
from chaosmesh.errors import UsageError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Names of headers (RFC 9110, section 5.6.2)."""


def checked(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a fault, defaults filled in; UsageError for what is unknown or out of bounds."""
    fields = {one.field.name: one.field for one in recipe.arguments}
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise UsageError(f"{recipe.kind} has no field {name!r}", hint=f"fields: {known}")
    return {
        name: _value(recipe.kind, one, given[name]) if given.get(name) is not None else one.default
        for name, one in fields.items()
    }


def called(recipe: Recipe, fields: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments of the method; what says nothing is left out."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for one in recipe.arguments:
        value = fields[one.field.name]
        if value in (None, "") or (one.field.name == "status" and fields.get("grpc")):
            continue
        if not one.name:
            positional.append(one.python(value))
        elif one.field.name == "header":
            named["headers"] = _header(value)
        elif value != one.field.default or one.field.name == "share" or _required(recipe, one):
            named[one.name] = one.python(value)
    return positional, named


def written(recipe: Recipe, fields: Mapping[str, Any]) -> str:
    """The call in Python: `errors(503, share=0.3)`."""
    positional, named = called(recipe, fields)
    arguments: Sequence[str] = [*map(_literal, positional), *(f"{k}={_literal(v)}" for k, v in named.items())]
    prefix = f"{recipe.part}." if recipe.part else ""
    return f"{prefix}{recipe.method}({', '.join(arguments)})"


def _required(recipe: Recipe, argument: Argument) -> bool:
    """Methods whose named argument has no default."""
    return (recipe.method, argument.name) in {("slicer", "size"), ("overload", "capacity")}


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and '"' not in value and "\\" not in value else repr(value)


def _header(text: str) -> dict[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _NAME.fullmatch(name.strip()) or not value.strip().isprintable():
        raise UsageError(f"header: {text!r} is no header", hint="x-user: beta")
    return {name.strip(): value.strip()}


def _value(kind: str, field: Field, value: Any) -> Any:
    if field.type in ("text", "choice"):
        if not isinstance(value, str):
            raise UsageError(
                f"{kind}: {field.name} is a text (got {value!r})", hint=f"{field.label}: in quotes"
            )
        if field.choices is not None and value not in field.choices:
            known = ", ".join(field.choices)
            raise UsageError(f"{kind}: {field.name} can't be {value!r}", hint=f"one of: {known}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(
            f"{kind}: {field.name} is a number (got {value!r})", hint=f"for example {field.default}"
        )
    if field.type != "share":
        if value != int(value):
            raise UsageError(f"{kind}: {field.name} is a whole number (got {value!r})", hint=f"{int(value)}")
        value = int(value)
    low, high = field.min, field.max
    if (low is not None and value < low) or (high is not None and value > high):
        raise UsageError(
            f"{kind}: {field.name} lies between {low:,} and {high:,} (got {value:,})",
            hint=f"for example {field.default}",
        )
    return value
