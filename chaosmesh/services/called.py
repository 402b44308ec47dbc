"""On which port, and in which protocol, a stand-in calls a service."""

from __future__ import annotations

from chaosmesh.mesh import Route, Service, ServicePort

SCHEMES = {"http": "http", "http2": "h2", "grpc": "grpc", "tcp": "tcp"}


def called_port(service: Service) -> ServicePort | None:
    """The first port that a route serves; None for a service that can't be called."""
    return next((port for port in service.ports if routes_on(service, port)), None)


def routes_on(service: Service, port: ServicePort) -> list[Route]:
    """The routes that calls to a port may take, in the order in which they are tried."""
    return [
        one
        for one in service.routes
        if one.match.port in (None, port.port) and (one.protocol == "tcp") == (port.protocol == "tcp")
    ]


def scheme(service: Service, port: ServicePort) -> str:
    """How a url of `StandIn.calls` begins: by the port's protocol, or gRPC where its routes take nothing else."""
    routes = routes_on(service, port)
    return "grpc" if routes and all(one.protocol == "grpc" for one in routes) else SCHEMES[port.protocol]
