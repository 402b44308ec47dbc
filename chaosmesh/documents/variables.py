"""Bare `$NAME` and `\\($NAME)` of jq templates, bound to values from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chaosmesh.documents.jsontext import TEMPLATE, VARIABLE
from chaosmesh.documents.tree import UNRESOLVED, Bound, Node, Unresolved
from chaosmesh.errors import Problem, Where

_HOLE = re.compile(r"\$\$|\$\{(\w+)\}")


class Unbound:
    """Collects names without a value, each with its places, so that all are reported at once."""

    def __init__(self) -> None:
        self.places: dict[str, list[Where]] = {}

    def add(self, name: str, where: Where) -> None:
        """Notes that `name` is needed at `where`."""
        found = self.places.setdefault(name, [])
        if where not in found:
            found.append(where)

    def by_line(self) -> dict[int, str]:
        """What is needed on each line, in words."""
        found: dict[int, list[str]] = {}
        for name, needed in self.places.items():
            for line in dict.fromkeys(one.line for one in needed):
                found.setdefault(line, []).append(name)
        return {line: has_no_value(names) for line, names in found.items()}

    def problems(self) -> list[Problem]:
        """One problem a name, at its first place; the others are listed."""
        return [_unbound(name, sorted(found)) for name, found in self.places.items()]


def has_no_value(names: Sequence[str]) -> str:
    """That these names have none; "" without any."""
    return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no value" if names else ""


def _unbound(name: str, found: list[Where]) -> Problem:
    first, *others = found
    listed = ", ".join(f"{one.line}:{one.column}" if one.file == first.file else str(one) for one in others)
    also = f" (needed also at {listed})" if others else ""
    return Problem(first, f"{name} has no value{also}", f"bind it with --set {name}=VALUE")


def bind(node: Node, variables: Mapping[str, str], unbound: Unbound) -> Node:
    """The tree with every variable replaced; positions stay those of the template."""
    if node.tag == VARIABLE:
        return replace(node, value=_value(str(node.value), node.where, variables, unbound), tag="")
    if node.tag == TEMPLATE:
        parts = {
            name: _value(name, node.where, variables, unbound)
            for name in _HOLE.findall(str(node.value))
            if name
        }
        if any(isinstance(one, Unresolved) for one in parts.values()):
            return replace(node, value=UNRESOLVED, tag="")
        return replace(node, value=_HOLE.sub(lambda m: parts[m[1]] if m[1] else "$", str(node.value)), tag="")
    if isinstance(node.value, Mapping):
        return replace(node, value={k: bind(v, variables, unbound) for k, v in node.value.items()})
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(bind(one, variables, unbound) for one in node.value))
    return node


def _value(name: str, where: Where, variables: Mapping[str, str], unbound: Unbound) -> str:
    if name not in variables:
        unbound.add(name, where)
        return UNRESOLVED
    return Bound(variables[name])
