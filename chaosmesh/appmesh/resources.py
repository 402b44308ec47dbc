"""The App Mesh resources of one mesh, immutable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from chaosmesh.appmesh.spec import Spec
from chaosmesh.documents import KINDS, Cluster, Source, Workloads
from chaosmesh.documents.explain import Places, nearest
from chaosmesh.errors import Problem, Where

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `spec` is a model of `chaosmesh.appmesh.spec`; `parent` the router or gateway it lives in."""

    kind: str
    name: str
    parent: str | None
    spec: Any
    where: Where
    places: Places = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        """The resource's path in App Mesh's words, as its ARN has it after the mesh."""
        if self.kind == "mesh":
            return "mesh"
        own = f"{self.kind}/{self.name}"
        return f"{KINDS[self.kind].parent}/{self.parent}/{own}" if self.parent else own

    def place(self, *path: str | int) -> Where:
        """Where a field of the spec is written; where it is not, its nearest parent. API names or snake_case."""
        steps = tuple(to_camel(one) if isinstance(one, str) and "_" in one else one for one in path)
        return nearest(self.places, steps) if self.places else self.where


@dataclass(frozen=True, slots=True)
class Resources:
    """All resources of one mesh. Routes and gateway routes are keyed (parent, name), the others by name.

    `cluster`: the Kubernetes objects they were read from; `workloads`: what the documents say runs behind the nodes;
    `warnings`: what was passed over or assumed in reading.
    """

    mesh_name: str
    mesh: Resource | None = None
    virtual_nodes: Mapping[str, Resource] = field(default_factory=dict)
    virtual_routers: Mapping[str, Resource] = field(default_factory=dict)
    routes: Mapping[Key, Resource] = field(default_factory=dict)
    virtual_services: Mapping[str, Resource] = field(default_factory=dict)
    virtual_gateways: Mapping[str, Resource] = field(default_factory=dict)
    gateway_routes: Mapping[Key, Resource] = field(default_factory=dict)
    cluster: Cluster = field(default_factory=Cluster, compare=False, repr=False)
    workloads: Workloads = field(default_factory=Workloads, compare=False, repr=False)
    warnings: tuple[Problem, ...] = field(default=(), compare=False, repr=False)

    def __iter__(self) -> Iterator[Resource]:
        """Every resource: the mesh, then nodes, routers, routes, services, gateways, gateway routes."""
        if self.mesh:
            yield self.mesh
        for group in _GROUPS.values():
            yield from getattr(self, group).values()

    def routes_of(self, router: str) -> tuple[Resource, ...]:
        """The routes of one virtual router, in the order of the documents."""
        return tuple(one for (parent, _), one in self.routes.items() if parent == router)

    def gateway_routes_of(self, gateway: str) -> tuple[Resource, ...]:
        """The routes of one virtual gateway, in the order of the documents."""
        return tuple(one for (parent, _), one in self.gateway_routes.items() if parent == gateway)

    def updated(
        self,
        paths: Sequence[str | Path | Source],
        *,
        variables: Mapping[str, str] = {},
        mesh_name: str | None = None,
        names: Mapping[str, str] = {},
    ) -> Resources:
        """These resources with those of more documents in their place (DocumentError with all problems)."""
        from chaosmesh.appmesh.load import load_onto

        return load_onto(self, paths, variables=variables, mesh_name=mesh_name, names=names)

    def dangling(self) -> list[Problem]:
        """References to resources that are not there, sorted by place."""
        from chaosmesh.appmesh.references import dangling

        return dangling(self)


_GROUPS = {
    "virtualNode": "virtual_nodes",
    "virtualRouter": "virtual_routers",
    "route": "routes",
    "virtualService": "virtual_services",
    "virtualGateway": "virtual_gateways",
    "gatewayRoute": "gateway_routes",
}


def put(base: Resources, mesh_name: str, resources: Sequence[Resource]) -> Resources:
    """The resources of `base` with others put in their place or added at the end."""
    mesh = base.mesh
    groups: dict[str, Any] = {group: dict(getattr(base, group)) for group in _GROUPS.values()}
    for one in resources:
        if one.kind == "mesh":
            mesh = one
        else:
            groups[_GROUPS[one.kind]][(one.parent, one.name) if KINDS[one.kind].parent else one.name] = one
    return Resources(mesh_name, mesh, **groups)


__all__ = ["Key", "Resource", "Resources", "Spec", "put"]
