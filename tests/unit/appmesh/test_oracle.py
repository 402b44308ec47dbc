"""The models against the service's own API model, as botocore ships it."""

from __future__ import annotations

import gzip
import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from chaosmesh.appmesh.spec import MODELS

SHAPES = {kind: f"{kind[0].upper()}{kind[1:]}Spec" for kind in MODELS}
# Our own words where the API model is looser than the service or its documentation.
STRICTER = {"HttpRetryPolicyEvent", "GatewayRouteHostnameMatch"}


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    version = "appmesh/2019-01-25/service-2.json.gz"
    installed = [Path(one) / "botocore" for one in sys.path]
    base = [
        *Path(sys.base_prefix).glob("lib/python3*/site-packages/botocore")
    ]  # of the interpreter behind the venv
    places = [one / "data" / version for one in (*installed, *base)]
    for place in places:
        if place.exists():
            return json.loads(gzip.decompress(place.read_bytes()))["shapes"]
    pytest.skip("botocore's model of the API is missing: pip install botocore")


def inner(annotation: Any) -> tuple[Any, list[Any]]:
    """The bare type, and everything that annotates it."""
    notes: list[Any] = []
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, *more = typing.get_args(annotation)
            notes += more
        elif origin in {typing.Union, types.UnionType}:
            (annotation,) = [one for one in typing.get_args(annotation) if one is not type(None)]
        else:
            return annotation, notes


def bounds(notes: list[Any]) -> dict[str, int]:
    found = {}
    for note in notes:
        for part in [note, *getattr(note, "metadata", [])]:
            for name in ("ge", "le", "min_length", "max_length"):
                if getattr(part, name, None) is not None:
                    found["min" if name in {"ge", "min_length"} else "max"] = getattr(part, name)
    return found


def compare(
    shapes: dict[str, Any], name: str, annotation: Any, notes: list[Any], path: str, wrong: list[str]
) -> None:
    shape = shapes[name]
    bare, more = inner(annotation)
    notes = notes + more
    kind = shape["type"]
    if kind == "structure":
        structure(shapes, name, bare, path, wrong)
        return
    if kind == "list":
        limits = {one: shape[one] for one in ("min", "max") if one in shape}
        if bounds(notes) != limits:
            wrong.append(f"{path}: {bounds(notes)} items, the API {limits}")
        compare(shapes, shape["member"]["shape"], typing.get_args(bare)[0], [], f"{path}[]", wrong)
        return
    if name in STRICTER:
        return
    if "enum" in shape:
        if set(typing.get_args(bare)) != set(shape["enum"]):
            wrong.append(f"{path}: {typing.get_args(bare)}, the API {shape['enum']}")
        return
    expected = {"string": str, "integer": int, "long": int, "boolean": bool}[kind]
    limits = {one: shape[one] for one in ("min", "max") if one in shape}
    if bare is not expected or bounds(notes) != limits:
        wrong.append(f"{path}: {bare} {bounds(notes)}, the API {kind} {limits}")


def structure(shapes: dict[str, Any], name: str, bare: Any, path: str, wrong: list[str]) -> None:
    assert issubclass(bare, BaseModel), path
    shape = shapes[name]
    fields = {info.alias: (key, info) for key, info in bare.model_fields.items()}
    if set(fields) != set(shape["members"]):
        wrong.append(f"{path}: fields {sorted(set(fields) ^ set(shape['members']))} differ")
    required = {alias for alias, (_, info) in fields.items() if info.is_required()}
    if required != set(shape.get("required", [])):
        wrong.append(f"{path}: required {sorted(required)}, the API {sorted(shape.get('required', []))}")
    union = any(one.__name__ == "OneOf" for one in bare.__mro__)
    if (
        name not in STRICTER
        and union != bool(shape.get("union"))
        and len(fields) > 0
        and name != "HttpPathMatch"
    ):
        wrong.append(f"{path}: one of its members: {union}, the API {shape.get('union')}")
    for alias, (_, info) in fields.items():
        if alias in shape["members"]:
            member = shape["members"][alias]["shape"]
            compare(shapes, member, info.annotation, list(info.metadata), f"{path}.{alias}", wrong)


@pytest.mark.parametrize("kind", MODELS)
def test_fields_ranges_and_requirements_are_those_of_the_api(kind: str, model: dict[str, Any]):
    wrong: list[str] = []
    structure(model, SHAPES[kind], MODELS[kind], kind, wrong)
    assert not wrong, "\n".join(wrong)
