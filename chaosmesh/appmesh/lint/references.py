"""What points nowhere, and what nothing points to."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.appmesh.lint.model import Finding, Rule, View
from chaosmesh.appmesh.references import unresolved

DANGLING = Rule(
    "dangling-reference",
    "error",
    "A name means a resource that is not in the documents",
    "add the document of the missing resource, or correct the name",
)
NO_PROVIDER = Rule(
    "service-without-provider",
    "warning",
    "A virtual service has no provider, so every call to it fails",
    "name a virtual router or a virtual node as its provider",
)
NO_ROUTES = Rule(
    "router-without-routes",
    "warning",
    "A virtual router has no routes, so every call to its services is answered with 404",
    "add a route to the router",
)
UNUSED_ROUTER = Rule(
    "router-unused",
    "warning",
    "No virtual service is provided by this virtual router, so its routes never act",
    "name the router as the provider of a virtual service, or delete it with its routes",
)
UNCALLED = Rule(
    "service-uncalled",
    "note",
    "Nobody calls this virtual service: it is no node's backend and no gateway route leads to it",
    "list it under `backends` of the nodes that call it, or delete it",
)
SAME_INSTANCES = Rule(
    "shared-discovery",
    "warning",
    "Two virtual nodes find the same Cloud Map instances, so a split between them splits nothing",
    "tell them apart by `attributes` that only the instances of one of them carry",
)
RULES = (DANGLING, NO_PROVIDER, NO_ROUTES, UNUSED_ROUTER, UNCALLED, SAME_INSTANCES)


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    yield from _dangling(view)
    yield from _services(view)
    yield from _routers(view)
    yield from _discovery(view)


def _dangling(view: View) -> Iterator[Finding]:
    for one, _ in unresolved(view.resources):
        yield Finding(DANGLING, one.where, one.source.id, one.missing)


def _services(view: View) -> Iterator[Finding]:
    for name, service in view.resources.virtual_services.items():
        if service.spec.provider is None:
            message = "has no provider: App Mesh answers calls to it with an error, our sidecars with 404"
            yield Finding(NO_PROVIDER, service.where, service.id, message)
        if not view.callers.get(name):
            yield Finding(UNCALLED, service.where, service.id, "is called by no node and no gateway")


def _routers(view: View) -> Iterator[Finding]:
    for name, router in view.resources.virtual_routers.items():
        routes = view.routes(name)
        if not view.services_of(name):
            message = (
                f"provides no virtual service; it has {len(routes)} route{'s' if len(routes) != 1 else ''}"
            )
            yield Finding(UNUSED_ROUTER, router.where, router.id, message)
        elif not routes:
            yield Finding(NO_ROUTES, router.where, router.id, "has no routes")


def _discovery(view: View) -> Iterator[Finding]:
    seen: dict[tuple[str, str], list[tuple[frozenset[tuple[str, str]], str]]] = {}
    for node in view.resources.virtual_nodes.values():
        found = node.spec.service_discovery.aws_cloud_map if node.spec.service_discovery else None
        if found is None:
            continue
        carried = frozenset((one.key, one.value) for one in found.attributes or ())
        others = seen.setdefault((found.namespace_name, found.service_name), [])
        for attributes, other in others:
            if carried <= attributes or attributes <= carried:
                message = (
                    f"and {other} both find {found.service_name}.{found.namespace_name} by attributes of "
                    "which one set holds the other: instances of one serve the other's traffic too"
                )
                where = node.place("serviceDiscovery", "awsCloudMap")
                yield Finding(SAME_INSTANCES, where, node.id, message)
                break
        others.append((carried, node.name))
