"""Documents completed: what a part of a mesh refers to, made up, so that it can be rendered alone."""

from __future__ import annotations

from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.appmesh.references import references
from chaosmesh.appmesh.resources import put
from chaosmesh.appmesh.spec import MODELS
from chaosmesh.appmesh.spec.route import PROTOCOLS
from chaosmesh.errors import Where

HERE = Where("completed")


def completed(resources: Resources) -> Resources:
    """The same resources with every missing one that they refer to, and a caller of every service."""
    protocol = _protocol(resources)
    while missing := {(one.kind, one.name) for one in references(resources)} - _there(resources):
        resources = put(
            resources, resources.mesh_name, [_made(kind, name, protocol) for kind, name in sorted(missing)]
        )
    routers = {one.spec.provider.virtual_router.virtual_router_name for one in _routed(resources)}
    for router in resources.virtual_routers:
        if router not in routers:
            spec = {"provider": {"virtualRouter": {"virtualRouterName": router}}}
            made = _resource("virtualService", f"{router}.completed", spec)
            resources = put(resources, resources.mesh_name, [made])
    backends = [{"virtualService": {"virtualServiceName": one}} for one in resources.virtual_services]
    return put(
        resources, resources.mesh_name, [_resource("virtualNode", "asker-completed", {"backends": backends})]
    )


def _routed(resources: Resources) -> list[Resource]:
    return [
        one
        for one in resources.virtual_services.values()
        if one.spec.provider and one.spec.provider.virtual_router
    ]


def _there(resources: Resources) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in resources}


def _protocol(resources: Resources) -> str:
    for route in (*resources.routes.values(), *resources.gateway_routes.values()):
        return PROTOCOLS[next(name for name, _ in route.spec.written() if name.endswith("Route"))]
    return "http"


def _made(kind: str, name: str, protocol: str) -> Resource:
    listeners = [{"portMapping": {"port": 8080, "protocol": protocol}}]
    specs: dict[str, dict[str, Any]] = {
        "virtualNode": {
            "listeners": listeners,
            "serviceDiscovery": {"dns": {"hostname": f"{name}.completed"}},
        },
        "virtualRouter": {"listeners": listeners},
        "virtualService": {"provider": {"virtualNode": {"virtualNodeName": "node-completed"}}},
        "virtualGateway": {"listeners": listeners},
    }
    return _resource(kind, name, specs[kind])


def _resource(kind: str, name: str, spec: dict[str, Any]) -> Resource:
    return Resource(kind, name, None, MODELS[kind].model_validate(spec), HERE)
