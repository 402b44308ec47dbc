"""Every rule that the documents state, under a stable id in App Mesh's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chaosmesh.appmesh import fields
from chaosmesh.appmesh.fields import Found, Path
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where


@dataclass(frozen=True, slots=True)
class Declared:
    """One rule as written: `field` in App Mesh's words, `value` as the model has it, `path` inside the spec.

    What the scenario adds to a resource is a rule of that resource too; its `path` is empty, its place is in the
    scenario file.
    """

    id: str
    resource: Resource
    field: str
    value: Any
    where: Where
    path: Path = ()


def clauses(resources: Resources, scenario: Scenario | None = None) -> tuple[Declared, ...]:
    """Every rule of every resource, resource by resource; then those that a scenario adds."""
    from chaosmesh.appmesh.extensions import declared

    own = tuple(one for resource in resources for one in clauses_of(resource))
    return own if scenario is None else (*own, *declared(resources, scenario))


def clauses_of(resource: Resource) -> tuple[Declared, ...]:
    """Every rule of one resource, in the order of its fields. A name used twice gets `#2`, `#3`, …"""
    return tuple(
        Declared(f"{resource.id}/{field}", resource, field, value, resource.place(*path), path)
        for field, value, path in _unique(_READERS[resource.kind](resource.spec))
    )


def _unique(found: Iterable[Found]) -> Iterator[Found]:
    seen: dict[str, int] = {}
    for field, value, path in found:
        seen[field] = seen.get(field, 0) + 1
        yield field if seen[field] == 1 else f"{field}#{seen[field]}", value, path


_READERS = {
    "mesh": fields.mesh,
    "virtualService": fields.service,
    "virtualNode": fields.node,
    "virtualRouter": fields.router,
    "route": fields.route,
    "virtualGateway": fields.node,
    "gatewayRoute": fields.route,
}
