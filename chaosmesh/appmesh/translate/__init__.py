"""App Mesh resources to our own policy model, with the profile's hidden behaviour added. Pure: no I/O, no clock."""

from __future__ import annotations

from chaosmesh.appmesh.profiles import profile_named
from chaosmesh.appmesh.resources import Resources
from chaosmesh.appmesh.translate.gateways import gateway
from chaosmesh.appmesh.translate.nodes import node
from chaosmesh.appmesh.translate.services import service
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Mesh


def translate(resources: Resources, profile: str = "appmesh") -> Mesh:
    """The policy of a mesh under a profile: "appmesh", "appmesh-legacy" or "envoy".

    Raises DocumentError if a reference dangles. Gateways become workloads whose backends are the services of
    their routes.
    """
    dangling = resources.dangling()
    if dangling:
        raise DocumentError(dangling)
    hidden = profile_named(profile)
    services = {name: service(one, resources, hidden) for name, one in resources.virtual_services.items()}
    filter_ = resources.mesh.spec.egress_filter if resources.mesh else None
    return Mesh(
        name=resources.mesh_name,
        workloads=(
            *(node(one, hidden) for one in resources.virtual_nodes.values()),
            *(gateway(one, resources, services, hidden) for one in resources.virtual_gateways.values()),
        ),
        services=tuple(services.values()),
        open_egress=bool(filter_ and filter_.type == "ALLOW_ALL"),
        breaker=hidden.breaker,
    )


__all__ = ["translate"]
