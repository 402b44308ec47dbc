"""What two sets of documents say differently, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.clauses import Declared, clauses
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is only in A ("gone"), only in B ("new"), or in both with another value ("changed")."""

    id: str
    kind: Literal["changed", "new", "gone"]
    before: str
    after: str
    where: Where


def rules_changed(a: tuple[Resources, Scenario], b: tuple[Resources, Scenario]) -> tuple[RuleChange, ...]:
    """In the order of A's rules, then those that only B has. Where a rule is written does not matter."""
    old, new = (_by_id(clauses(*side)) for side in (a, b))
    found = []
    for name, one in old.items():
        if name not in new:
            found.append(RuleChange(name, "gone", told(one.value), "", one.where))
        elif (before := told(one.value)) != (after := told(new[name].value)):
            found.append(RuleChange(name, "changed", before, after, new[name].where))
    found += [
        RuleChange(name, "new", "", told(one.value), one.where)
        for name, one in new.items()
        if name not in old
    ]
    return tuple(found)


def told(value: Any) -> str:
    """A value in one line, as the documents' own names have it."""
    if isinstance(value, BaseModel):
        return told(value.model_dump(by_alias=True, exclude_none=True))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {told(one)}" for name, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(told(one) for one in value)
    if isinstance(value, Enum):
        return told(value.value)
    if value is None or isinstance(value, bool):
        return str(value or "").lower() if value is not False else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _by_id(rules: tuple[Declared, ...]) -> dict[str, Declared]:
    return {one.id: one for one in rules}
