"""Which resources point to which, and what points to nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.documents import did_you_mean
from chaosmesh.errors import Problem


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in one resource that means another. `path`: the field that holds the name."""

    source: Resource
    path: tuple[str | int, ...]
    kind: str
    name: str


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
    known: dict[str, Collection[str]] = {
        "virtualNode": resources.virtual_nodes,
        "virtualRouter": resources.virtual_routers,
        "virtualService": resources.virtual_services,
        "virtualGateway": resources.virtual_gateways,
    }
    found = [
        Problem(
            one.source.place(*one.path) if one.path else one.source.where,
            f"{one.source.id} refers to the {one.kind} {one.name}, which is not in the documents",
            did_you_mean(one.name, known[one.kind]) or f"add the document of the {one.kind} {one.name}",
        )
        for one in references(resources)
        if one.name not in known[one.kind]
    ]
    return sorted(found, key=lambda problem: (problem.where, problem.message))
