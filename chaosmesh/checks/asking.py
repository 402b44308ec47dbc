"""What App Mesh's declared semantics say about a request shape."""

from __future__ import annotations

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import Request, choose
from chaosmesh.checks.model import Shape


def expected_route(resources: Resources, service: str, shape: Shape) -> str:
    """Name of the route that such a request takes, "" for a 404."""
    request = Request(path=shape.path, method=shape.method, headers=dict(shape.headers))
    decision = choose(resources, service, request)
    return decision.route.name if decision.route is not None else ""
