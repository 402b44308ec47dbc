"""The mesh itself and its virtual services."""

from __future__ import annotations

from typing import Literal

from chaosmesh.appmesh.spec.base import IpPreference, Name, OneOf, Spec


class EgressFilter(Spec):
    """Whether nodes reach what the mesh does not know (DROP_ALL by default)."""

    type: Literal["ALLOW_ALL", "DROP_ALL"]


class MeshDiscovery(Spec):
    """IP preference of the whole mesh."""

    ip_preference: IpPreference | None = None


class MeshSpec(Spec):
    """A mesh."""

    egress_filter: EgressFilter | None = None
    service_discovery: MeshDiscovery | None = None


class NodeProvider(Spec):
    """A virtual node that serves a virtual service."""

    virtual_node_name: Name


class RouterProvider(Spec):
    """A virtual router that serves a virtual service."""

    virtual_router_name: Name


class Provider(OneOf):
    """Who serves a virtual service."""

    virtual_node: NodeProvider | None = None
    virtual_router: RouterProvider | None = None


class VirtualServiceSpec(Spec):
    """A virtual service; without a provider nothing answers."""

    provider: Provider | None = None
