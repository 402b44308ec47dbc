"""Which resources point to which, and what points to nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents import did_you_mean
from chaosmesh.errors import Problem, Where


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in one resource that means another. `path`: the field that holds the name."""

    source: Resource
    path: tuple[str | int, ...]
    kind: str
    name: str

    @property
    def where(self) -> Where:
        """The place of the field, or of its resource."""
        return self.source.place(*self.path) if self.path else self.source.where

    @property
    def missing(self) -> str:
        """What is wrong where nothing has that name."""
        return f"refers to the {self.kind} {self.name}, which is not in the documents"


def references(resources: Resources) -> Iterator[Reference]:
    """Every reference in the documents."""
    for node in resources.virtual_nodes.values():
        for index, backend in enumerate(node.spec.backends or ()):
            path = ("backends", index, "virtualService", "virtualServiceName")
            yield Reference(node, path, "virtualService", backend.virtual_service.virtual_service_name)
    for service in resources.virtual_services.values():
        if service.spec.provider:
            kind, provider = service.spec.provider.member
            yield Reference(service, ("provider", kind, f"{kind}Name"), kind, next(provider.written())[1])
    for route in resources.routes.values():
        yield Reference(route, (), "virtualRouter", route.parent or "")
        yield from _targets(route)
    for route in resources.gateway_routes.values():
        yield Reference(route, (), "virtualGateway", route.parent or "")
        kind = next(name for name, _ in route.spec.written() if name.endswith("Route"))
        target = (kind, "action", "target", "virtualService", "virtualServiceName")
        yield Reference(
            route,
            target,
            "virtualService",
            route.spec.body.action.target.virtual_service.virtual_service_name,
        )


def _targets(route: Resource) -> Iterator[Reference]:
    (kind,) = route.spec.kinds
    for index, target in enumerate(route.spec.body.action.weighted_targets):
        path = (kind, "action", "weightedTargets", index, "virtualNode")
        yield Reference(route, path, "virtualNode", target.virtual_node)


def dangling(resources: Resources) -> list[Problem]:
    """References to resources that are not among the documents, sorted by place."""
    found = [
        Problem(
            one.where,
            f"{one.source.id} {one.missing}",
            did_you_mean(one.name, known) or f"add the document of the {one.kind} {one.name}",
        )
        for one, known in unresolved(resources)
    ]
    return sorted(found, key=lambda problem: (problem.where, problem.message))


def unresolved(resources: Resources) -> Iterator[tuple[Reference, Collection[str]]]:
    """References to what is not among the documents, each with the names of its kind that are."""
    known: dict[str, Collection[str]] = {
        "virtualNode": resources.virtual_nodes,
        "virtualRouter": resources.virtual_routers,
        "virtualService": resources.virtual_services,
        "virtualGateway": resources.virtual_gateways,
    }
    return ((one, known[one.kind]) for one in references(resources) if one.name not in known[one.kind])
