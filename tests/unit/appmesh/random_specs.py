"""Specs made at random from the models themselves: every field, every union, every range, odd texts."""

from __future__ import annotations

import random
import types
import typing
from typing import Any

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chaosmesh.appmesh.spec import MODELS, OneOf, Spec

ODD = ["true", "null", "~", "007", "1e3", "-", "a: b", "# x", "${X}", "$HOME", r"\($Y)", "{{z}}", "é", "\u2028", "😀", '"q"', "'", "\\", "\n", "\t", " a ", "*a", "&a", "!Ref x", "%REQ(:PATH)%", "AWS::NoValue", "x" * 40, "/", "yes", "0x1f", "2020-01-01", ".inf", "<<", "=", "@", "`", "|", ">", "[", "{", ",", "\x85", "\x7f"]  # fmt: skip
PLAIN = ["a", "front", "color-v2", "b.c.local", "A_b", "x1"]


def spec(kind: str, dice: random.Random) -> Spec:
    """A valid spec of a kind of resource."""
    return MODELS[kind].model_validate(_model(MODELS[kind], dice))


def text(dice: random.Random, at_least: int = 0, at_most: int = 255) -> str:
    """A text, every third one odd."""
    found = dice.choice(ODD) if dice.random() < 0.35 else dice.choice(PLAIN)
    return (found or "x").ljust(at_least, "x")[:at_most]


def _model(model: type[BaseModel], dice: random.Random) -> dict[str, Any]:
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    routes = [name for name in fields if name.endswith("Route")]
    alone = routes or (list(fields) if issubclass(model, OneOf) else [])
    chosen = dice.choice(alone) if alone else None
    found: dict[str, Any] = {}
    for name, info in fields.items():
        wanted = name == chosen if name in alone else info.is_required() or dice.random() < 0.5
        if wanted:
            found[name] = _value(info.annotation, list(info.metadata), dice, _pattern(info))
    if "methodName" in found and "serviceName" not in found:
        found["serviceName"] = "shop.Cart"
    return found


def _pattern(info: FieldInfo) -> bool:
    return any(getattr(one, "pattern", None) for one in info.metadata)


def _value(annotation: Any, limits: list[Any], dice: random.Random, rooted: bool = False) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        more = [m for one in arguments[1:] for m in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return _value(
            arguments[0], [*more, *limits], dice, rooted or any(getattr(m, "pattern", None) for m in more)
        )
    if origin in {typing.Union, types.UnionType}:
        return _value(next(one for one in arguments if one is not type(None)), limits, dice, rooted)
    if origin is typing.Literal:
        return dice.choice(arguments)
    low = max([one.ge for one in limits if isinstance(one, Ge)], default=None)
    high = min([one.le for one in limits if isinstance(one, Le)], default=None)
    short = max([one.min_length for one in limits if isinstance(one, MinLen)], default=0)
    long = min([one.max_length for one in limits if isinstance(one, MaxLen)], default=255)
    if origin is tuple:
        return [_value(arguments[0], [], dice) for _ in range(dice.randint(short, min(long, short + 2)))]
    if annotation is int:
        return dice.randint(-9 if low is None else low, 10_000 if high is None else high)
    if annotation is bool:
        return dice.random() < 0.5
    if annotation is str:
        return f"/{text(dice)}"[:long] if rooted else text(dice, short, long)
    assert issubclass(annotation, BaseModel), annotation
    return _model(annotation, dice)
