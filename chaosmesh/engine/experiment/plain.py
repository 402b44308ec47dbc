"""Frozen data as JSON and back, exactly: what is read equals what was written, floats to the last bit."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

IS = "is"
"""Key under which a tree names the class of a piece of data."""


def tree_of(value: Any, *, leave_out: Iterable[str] = ()) -> Any:
    """A tree of plain values: data classes become objects that name their class, tuples lists.

    `leave_out`: names of fields that are not written. Infinity becomes a string, for JSON knows none.
    """
    out = frozenset(leave_out)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [one.name for one in dataclasses.fields(value) if one.name not in out]
        found = {name: tree_of(getattr(value, name), leave_out=out) for name in fields}
        return {IS: type(value).__name__, **found}
    if isinstance(value, Mapping):
        return {str(key): tree_of(one, leave_out=out) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [tree_of(one, leave_out=out) for one in value]
    if isinstance(value, float) and math.isinf(value):
        return {IS: "infinity", "negative": value < 0}
    return value


def value_of(tree: Any, classes: Mapping[str, type]) -> Any:
    """The opposite of `tree_of`; ValueError for a class that is not among `classes`. Lists become tuples."""
    if isinstance(tree, list):
        return tuple(value_of(one, classes) for one in tree)
    if not isinstance(tree, dict):
        return tree
    found = {key: value_of(one, classes) for key, one in tree.items() if key != IS}
    name = tree.get(IS)
    if name is None:
        return found
    if name == "infinity":
        return -math.inf if found["negative"] else math.inf
    if name not in classes:
        raise ValueError(f"nothing here is called {name!r}")
    return classes[name](**found)
