"""The App Mesh resource models, whole: field names, required fields and ranges as the service's API model has them."""

from chaosmesh.appmesh.spec.base import LOOSE, Duration, OneOf, Spec
from chaosmesh.appmesh.spec.gateway import GatewayRouteSpec
from chaosmesh.appmesh.spec.mesh import MeshSpec, VirtualServiceSpec
from chaosmesh.appmesh.spec.node import VirtualGatewaySpec, VirtualNodeSpec
from chaosmesh.appmesh.spec.route import RouteSpec, VirtualRouterSpec

MODELS: dict[str, type[Spec]] = {
    "mesh": MeshSpec,
    "virtualService": VirtualServiceSpec,
    "virtualNode": VirtualNodeSpec,
    "virtualRouter": VirtualRouterSpec,
    "route": RouteSpec,
    "virtualGateway": VirtualGatewaySpec,
    "gatewayRoute": GatewayRouteSpec,
}

__all__ = [
    "LOOSE",
    "MODELS",
    "Duration",
    "GatewayRouteSpec",
    "MeshSpec",
    "OneOf",
    "RouteSpec",
    "Spec",
    "VirtualGatewaySpec",
    "VirtualNodeSpec",
    "VirtualRouterSpec",
    "VirtualServiceSpec",
]
