"""From a plain tree to a model; what is wrong is said in App Mesh's words, at its place."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chaosmesh.appmesh.spec import LOOSE, MODELS, Spec
from chaosmesh.documents import Problems, Tree, Unresolved, did_you_mean, places, plain
from chaosmesh.errors import Where

Path = tuple[str | int, ...]
Places = Mapping[Path, Where]


def validate(tree: Tree, problems: Problems) -> tuple[Spec, Places] | None:
    """The tree's model and the place of each of its fields, or None with the problems noted."""
    model = MODELS[tree.kind]
    found = dict(places(tree.spec))
    try:
        return model.model_validate(plain(tree.spec), context={LOOSE: tree.loose}), found
    except ValidationError as error:
        for detail in _meant(error.errors(include_url=False)):
            message, hint = explain(detail, model)
            problems.add(nearest(found, tuple(detail["loc"])), f"{tree.title}: {message}", hint)
        return None


def nearest(found: Places, path: Path) -> Where:
    """The place of a field, or of the nearest thing around it that is written."""
    while path not in found and path:
        path = path[:-1]
    return found[path]


def _meant(errors: list[ErrorDetails]) -> list[ErrorDetails]:
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
        return f"{field}: {limits.get('error', detail['msg'])}", ""
    if kind == "string_pattern_mismatch":
        return f"{field} is {seen!r} and must start with /", f"write /{seen}"
    return _range(field, detail)


def _range(field: str, detail: ErrorDetails) -> tuple[str, str]:
    seen, kind, limits = detail["input"], detail["type"], detail.get("ctx", {})
    if kind in {"less_than_equal", "greater_than_equal"}:
        bound = f"at most {limits['le']}" if "le" in limits else f"at least {limits['ge']}"
        return f"{field} is {seen} and must be {bound}", f"write a number of {bound}"
    if kind in {"too_short", "string_too_short"}:
        return f"{field} is empty and needs at least {limits['min_length']}", "fill it, or leave it out"
    if kind in {"too_long", "string_too_long"}:
        return f"{field} is too long: at most {limits['max_length']} are allowed", "shorten it"
    expected = _TYPES.get(kind.split("_")[0], kind)
    return f"{field} is {_shown(seen)} and must be {expected}", f"write {expected}"


_TYPES = {
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
        if isinstance(step, str) and isinstance(current, type) and issubclass(current, BaseModel):
            fields = {info.alias or name: info for name, info in current.model_fields.items()}
            current = _inner(fields[step].annotation) if step in fields else None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """The model inside `X | None`, `tuple[X, ...]` and annotations."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType, tuple}:
        rest = [one for one in typing.get_args(annotation) if one not in {type(None), Ellipsis}]
        return _inner(rest[0]) if rest else None
    return annotation
