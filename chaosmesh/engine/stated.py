"""What the documents of a run say, rule by rule, as plain data: kept in its run folder, so that two runs can be held
against each other without their documents being read again.

Variables and parameters have their values here, and a resource that a later path replaced stands here once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import BaseModel

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.clauses import clauses
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where
from chaosmesh.mesh import Fallback, RetryBudget

ELSEWHERE: Final = frozenset({"name", "mesh", "fallbacks", "retry_budgets"})
"""Keys of the scenario file that say nothing of their own: fallbacks and budgets are rules already, `mesh` names the
documents."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, or one setting of the scenario file (`scenario/slo.success`). `value` is plain JSON, as it was written."""

    id: str
    value: Any
    where: Where

    def as_json(self) -> dict[str, Any]:
        """The entry of `rules.json`."""
        return asdict(self)


def rules_of(resources: Resources, scenario: Scenario) -> tuple[Rule, ...]:
    """Every rule of the documents, then what the scenario adds to the policy, then its other settings."""
    rules = [Rule(one.id, _plain(one.value), one.where) for one in clauses(resources, scenario)]
    settings = {name: value for name, value in scenario.written.items() if name not in ELSEWHERE}
    rules += [
        Rule(f"scenario/{'.'.join(path)}", value, scenario.place(*path)) for path, value in _leaves(settings)
    ]
    return tuple(rules)


def _leaves(written: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A list is one setting: its elements have no names to tell them by."""
    for name, value in written.items():
        here = (*path, str(name))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, here)
        else:
            yield here, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True, exclude_none=True, mode="json")
    if isinstance(value, Fallback):
        return {"to": value.target.workload, "when": sorted(value.when)}
    if isinstance(value, RetryBudget):
        client = {"from": value.client} if value.client else {}
        return {"to": value.workload, **client, "percent": value.percent, "at_least": value.at_least}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
