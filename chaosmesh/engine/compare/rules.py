"""What the documents of both sides say differently, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chaosmesh.engine.stated import Rule
from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is only in A ("gone"), only in B ("new"), or in both with another value ("changed").

    `before` and `after` are values in words; of a rule with several parts only the parts that differ. `where`: its place
    in B, or in A where B does not have it.
    """

    id: str
    kind: Literal["changed", "new", "gone"]
    before: str
    after: str
    where: Where

    def as_json(self) -> dict[str, Any]:
        """The entry of `rules`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "where": str(self.where),
        }


def rules_changed(a: Sequence[Rule], b: Sequence[Rule]) -> tuple[RuleChange, ...]:
    """Resource by resource, in the order of A, then of B. Where a rule is written does not matter."""
    old, new = ({one.id: one for one in side} for side in (a, b))
    found = []
    for name, one in old.items():
        if name not in new:
            found.append(RuleChange(name, "gone", told(one.value), "", one.where))
        elif told(one.value) != told(new[name].value):
            before, after = _apart(one.value, new[name].value)
            found.append(RuleChange(name, "changed", before, after, new[name].where))
    found += [
        RuleChange(name, "new", "", told(one.value), one.where)
        for name, one in new.items()
        if name not in old
    ]
    order = {_resource(name): at for at, name in reversed(list(enumerate([*old, *new])))}
    return tuple(sorted(found, key=lambda one: order[_resource(one.id)]))


def _resource(rule: str) -> str:
    return rule.rpartition("/")[0]


def told(value: Any) -> str:
    """A value in one line, as the documents' own names have it: `path /ping, timeoutMillis 2000`, `250 ms`."""
    if isinstance(value, Mapping):
        if set(value) == {"unit", "value"}:
            return f"{told(value['value'])} {value['unit']}"
        return ", ".join(f"{name} {_inside(one)}" for name, one in value.items()) or "{}"
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(one, Mapping) for one in value) else ", "
        return between.join(told(one) for one in value) or "[]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.15g}" if isinstance(value, float) else str(value) or '""'


def _inside(value: Any) -> str:
    """Brackets where it could be taken for the next part."""
    text = told(value)
    return f"({text})" if isinstance(value, Mapping | list | tuple) and ("," in text or ";" in text) else text


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """Both values in words, without the parts that are the same; a part that is missing is "no NAME"."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)) or set(one) == {"unit", "value"}:
        return told(one), told(other)
    names = [name for name in {**one, **other} if name not in one or name not in other]
    names += [name for name in one if name in other and told(one[name]) != told(other[name])]
    return _parts(one, names), _parts(other, names)


def _parts(value: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {_inside(value[name])}" if name in value else f"no {name}" for name in names)
