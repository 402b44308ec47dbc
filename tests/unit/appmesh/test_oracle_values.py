"""Every constraint of the service's API model, tried on both of its sides, in every place where it holds.

Two referees: the model itself, and botocore's own validator for what that looks at. What the model leaves open and
the service's documentation does not is listed, not passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator
from pydantic import ValidationError

from chaosmesh.appmesh.api import bodies
from chaosmesh.appmesh.api.failures import ApiError
from chaosmesh.appmesh.spec import MODELS
from tests.integration.appmesh_api.shapes import ALONE, MODEL, Path, broken, places, put, sample

SPECS = {kind: f"{kind[0].upper()}{kind[1:]}Spec" for kind in MODELS}
BOTOCORE = {"type", "fraction", "min", "required", "unknown", "member", "two members", "no member"}
"""What botocore looks at before it sends a call; the rest is left to the service."""
STRICTER = {"HttpRetryPolicyEvent"}
"""Free text in the model, four words in its documentation."""


@dataclass(frozen=True)
class Try:
    """A value for the whole of a body: the rule that it tries, in which shape, and whether it fits."""

    rule: str
    shape: Shape
    path: Path
    whole: Any
    fits: bool


def inside(shape: Shape, good: Any) -> Iterator[tuple[str, Any]]:
    """Values that just fit, with the rule whose edge they stand on."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in {"integer", "long"}:
        yield from (("min", low),) if low is not None else ()
        yield from (("max", high),) if high is not None else ()
    if shape.type_name == "string":
        if shape.enum:
            yield from (("enum", word) for word in shape.enum)
            return
        yield from (("min", (good * low)[:low]),) if low else ()
        yield from (("max", (good * high)[:high]),) if high else ()
        if shape.metadata.get("pattern"):
            yield "pattern", "a~!"
    if shape.type_name == "list":
        yield from (("min", [sample(shape.member)] * low),) if low is not None else ()
        yield from (("max", [sample(shape.member)] * high),) if high is not None else ()
    if shape.type_name == "structure" and shape.name in UNIONS:
        for name, member in shape.members.items():
            if name != "priority":
                yield f"member {name}", {name: sample(member, (), name)}


UNIONS = {
    *ALONE,
    *(name for name in MODEL.shape_names if getattr(MODEL.shape_for(name), "is_tagged_union", False)),
}


def tries(top: Shape) -> Iterator[Try]:
    """Both sides of every constraint in every place of a shape."""
    for path, shape in places(top):
        whole = sample(top, path)
        good = value_at(whole, path)
        for rule, value in inside(shape, good):
            yield Try(rule, shape, path, put(whole, path, value), True)
        for rule, value in broken(shape, good):
            yield Try(
                rule.split()[0] if rule.startswith("required") else rule,
                shape,
                path,
                put(whole, path, value),
                False,
            )


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def constraints(top: Shape) -> Counter[str]:
    """How many constraints the model states, place by place; counted apart from the walk above."""
    found: Counter[str] = Counter()

    def count(shape: Shape) -> None:
        stated = {**shape.metadata, "enum": bool(shape.enum)} if hasattr(shape, "enum") else shape.metadata
        for rule in ("min", "max", "pattern", "enum"):
            found[rule] += bool(stated.get(rule)) or (
                rule == "min" and stated.get(rule) == 0 and number(shape)
            )
        if shape.type_name == "structure":
            found["required"] += len(shape.required_members)
            found["union"] += bool(getattr(shape, "is_tagged_union", False))
            for member in shape.members.values():
                count(member)
        if shape.type_name == "list":
            count(shape.member)

    count(top)
    return found


def number(shape: Shape) -> bool:
    return shape.type_name in {"integer", "long"}


def exercised(done: list[Try]) -> Counter[str]:
    """How many constraints were tried outside, place by place."""
    seen: Counter[str] = Counter()
    for one in done:
        if one.fits:
            continue
        if one.rule in {"min", "max", "pattern", "enum", "required"}:
            seen[one.rule] += 1
        elif one.rule == "no member" and one.shape.name not in ALONE:
            seen["union"] += 1
    return seen


def looked_at(one: Try) -> bool:
    """Whether botocore refuses a value itself. To it true is the number 1, which may be too small."""
    if one.rule == "true is no number":
        return one.shape.metadata.get("min", 0) > 1
    alone = one.shape.name in ALONE and one.rule in {"two members", "no member"}
    return one.rule in BOTOCORE and not alone


def check(done: list[Try], top: Shape, accepted: Callable[[Any], str]) -> None:
    wrong = []
    for one in done:
        error = accepted(one.whole)
        told = ParamValidator().validate(one.whole, top).has_errors()
        if one.shape.name in STRICTER and one.fits:
            assert error, f"{one.shape.name} is no longer stricter than the model"
            continue
        if bool(error) == one.fits:
            wrong.append(f"{one.path} {one.rule}: {'refused: ' + error if error else 'accepted'}")
        if told != (not one.fits and looked_at(one)):
            wrong.append(f"{one.path} {one.rule}: botocore says {'no' if told else 'yes'}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("kind", MODELS)
def test_every_constraint_of_a_spec_holds_on_both_sides(kind: str):
    def accepted(value: Any) -> str:
        try:
            MODELS[kind].model_validate(value)
        except ValidationError as error:
            return str(error)
        return ""

    top = MODEL.shape_for(SPECS[kind])
    done = list(tries(top))
    check(done, top, accepted)
    assert exercised(done) == +constraints(top)


STATED = {"required": 160, "min": 186, "max": 154, "enum": 46, "union": 26, "pattern": 2}
"""What the model states about the specs: so many constraints in so many places."""

CALLS = [
    one for one in MODEL.operation_names if one.startswith(("Create", "Update")) or one.endswith("agResource")
]


def call_shapes(operation: str) -> Iterator[tuple[Path, Shape]]:
    """What a call has besides its spec, in its path and its body (a query's rules are held by the server's own test)."""
    for name, member in MODEL.operation_model(operation).input_shape.members.items():
        if member.serialization.get("location") != "querystring" and name != "spec":
            yield from places(member, (name,))


def call_tries(operation: str) -> Iterator[Try]:
    top = MODEL.operation_model(operation).input_shape
    for path, shape in call_shapes(operation):
        whole = {**sample(top), **sample(top, path)}
        good = value_at(whole, path)
        for rule, value in inside(shape, good):
            yield Try(rule, shape, path, put(whole, path, distinct(value)), True)
        for rule, value in broken(shape, good):
            yield Try(
                rule.split()[0] if "required" in rule else rule,
                shape,
                path,
                put(whole, path, distinct(value)),
                False,
            )
    whole = sample(top)
    for name in top.required_members:
        if top.members[name].serialization.get("location") is None:
            yield Try("required", top, (name,), {k: v for k, v in whole.items() if k != name}, False)


def distinct(value: Any) -> Any:
    """The tags of a list have different keys: the same key twice is refused by a rule of its own."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "key" in value[0]:
        return [{**one, "key": f"{one['key']}{number}"} for number, one in enumerate(value)]
    return value


def call_taken(operation: str, value: dict[str, Any]) -> str:
    """What is wrong with a call, by the names in its path and by its body."""
    members = MODEL.operation_model(operation).input_shape.members
    body = {name: one for name, one in value.items() if members[name].serialization.get("location") is None}
    names = {name for name, one in members.items() if one.serialization.get("location") == "uri"}
    kind = operation.removeprefix("Create").removeprefix("Update")
    kind = kind[0].lower() + kind[1:]
    try:
        for name in names:
            bodies.named(name.removesuffix("Name"), value[name])
        if operation.endswith("agResource"):
            (bodies.tags if operation == "TagResource" else bodies.tag_keys)(body)
        elif operation.startswith("Create"):
            bodies.pairs(bodies.created(kind, body).tags)
        else:
            bodies.updated(kind, body)
    except ApiError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("operation", CALLS)
def test_every_constraint_of_a_call_holds_on_both_sides(operation: str):
    top = MODEL.operation_model(operation).input_shape
    done = list(call_tries(operation))
    check(done, top, lambda value: call_taken(operation, value))
    assert {path for path, _ in call_shapes(operation)} <= {one.path for one in done if not one.fits}


def test_the_walk_is_not_empty():
    """The model is final, and so is what it states."""
    stated: Counter[str] = Counter()
    for name in SPECS.values():
        stated += constraints(MODEL.shape_for(name))
    assert dict(stated) == STATED
    assert len(CALLS) == 16
