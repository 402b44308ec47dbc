"""What App Mesh's declared semantics say about a request shape."""

from __future__ import annotations

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import Request, choose
from chaosmesh.checks.model import Shape


def expected_route(resources: Resources, service: str, shape: Shape, port: int | None = None) -> str:
    """Name of the route that such a request to a port of the service takes, "" for a 404. No port: its first."""
    request = Request(shape.path, shape.method, dict(shape.headers), port=port)
    decision = choose(resources, service, request)
    return decision.route.name if decision.route is not None else ""
