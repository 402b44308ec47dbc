"""What a pydantic error means for the author of a document: message, hint, place."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from chaosmesh.documents.tree import Unresolved, did_you_mean
from chaosmesh.errors import Where

Path = tuple[str | int, ...]
Places = Mapping[Path, Where]


def nearest(found: Places, path: Path) -> Where:
    """The place of a field, or of the nearest thing around it that is written."""
    while path not in found and path:
        path = path[:-1]
    return found[path]


def meant(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leaves out what only follows from another error or from a value that could not be had."""
    locs = [tuple(one["loc"]) for one in errors]

    def follows(one: ErrorDetails) -> bool:
        loc = tuple(one["loc"])
        inner = any(other[: len(loc)] == loc and len(other) > len(loc) for other in locs)
        return isinstance(one["input"], Unresolved) or (one["type"] == "too_short" and inner)

    return [one for one in errors if not follows(one)]


def explain(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Message and hint for one error of a model."""
    loc = detail["loc"]
    field = ".".join(str(one) for one in loc if isinstance(one, str)) or "spec"
    seen, kind, limits = detail["input"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        parent = _model_at(model, tuple(loc[:-1]))
        known = [info.alias or name for name, info in parent.model_fields.items()] if parent else []
        return f"{field} is an unknown field", did_you_mean(str(loc[-1]), known)
    if kind == "missing":
        return f"{field} is required", f"write {loc[-1]}"
    if kind == "literal_error":
        allowed = [
            one.strip().strip("'") for one in str(limits.get("expected", "")).replace(" or ", ", ").split(",")
        ]
        return f"{field} is {seen!r}, which it can't be", did_you_mean(str(seen), allowed)
    if kind == "value_error":
        message, _, hint = str(limits.get("error", detail["msg"])).partition("; ")
        return f"{field}: {message}", hint or "write what it asks for, or leave the whole out"
    if kind == "string_pattern_mismatch":
        return f"{field} is {seen!r} and must start with /", f"write /{seen}"
    return _range(field, detail)


def _range(field: str, detail: ErrorDetails) -> tuple[str, str]:
    seen, kind, limits = detail["input"], detail["type"], detail.get("ctx", {})
    for limit, words in _BOUNDS.items():
        if limit in limits and "than" in kind:
            bound = f"{words} {limits[limit]:g}"
            return f"{field} is {seen} and must be {bound}", f"write a number of {bound}"
    if kind in {"too_short", "string_too_short"}:
        return f"{field} is empty and needs at least {limits['min_length']}", "fill it, or leave it out"
    if kind in {"too_long", "string_too_long"}:
        return f"{field} is too long: at most {limits['max_length']} are allowed", "shorten it"
    expected = _TYPES.get(kind.split("_")[0], kind)
    return f"{field} is {_shown(seen)} and must be {expected}", f"write {expected}"


_BOUNDS = {"le": "at most", "ge": "at least", "lt": "less than", "gt": "more than"}
_TYPES = {
    "float": "a number",
    "date": "a date like 2027-01-31",
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "model": "an object with named fields",
    "tuple": "a list",
    "dict": "an object with named fields",
}


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else repr(value)


def _model_at(model: type[BaseModel], loc: Path) -> type[BaseModel] | None:
    current: Any = model
    for step in loc:
        if isinstance(step, int):
            continue  # of a list; its elements are what the annotation came down to
        if isinstance(current, type) and issubclass(current, BaseModel):
            fields = {info.alias or name: info.annotation for name, info in current.model_fields.items()}
            current = _inner(fields.get(str(step)))
        elif typing.get_origin(current) is dict:
            current = _inner(typing.get_args(current)[1])
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """The model or mapping inside `X | None`, `tuple[X, ...]` and annotations."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType, tuple}:
        rest = [one for one in typing.get_args(annotation) if one not in {type(None), Ellipsis}]
        return _inner(rest[0]) if rest else None
    return annotation
