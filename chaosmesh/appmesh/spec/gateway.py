"""Gateway routes: what comes in at a gateway, and the virtual service it goes to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chaosmesh.appmesh.spec.base import Method, Name, Port, Spec, Text, Text255
from chaosmesh.appmesh.spec.match import Conditions, HostnameMatch, PathMatch, Prefix, QueryParameters
from chaosmesh.appmesh.spec.route import Priority

Switch = Literal["ENABLED", "DISABLED"]


class GatewayMatch(Spec):
    """Conditions of an HTTP gateway route; all must hold."""

    prefix: Prefix | None = None
    path: PathMatch | None = None
    hostname: HostnameMatch | None = None
    method: Method | None = None
    headers: Conditions | None = None
    query_parameters: QueryParameters | None = None
    port: Port | None = None


class GrpcGatewayMatch(Spec):
    """Conditions of a gRPC gateway route."""

    service_name: Text | None = None
    hostname: HostnameMatch | None = None
    metadata: Conditions | None = None
    port: Port | None = None


class TargetService(Spec):
    """The virtual service behind a gateway route."""

    virtual_service_name: Name


class GatewayTarget(Spec):
    """Where a gateway route leads."""

    virtual_service: TargetService
    port: Port | None = None


class PrefixRewrite(Spec):
    """What becomes of the matched prefix; by default it is replaced by `/`."""

    default_prefix: Switch | None = None
    value: Text255 | None = None


class PathRewrite(Spec):
    """The path that replaces the whole one."""

    exact: Text255 | None = None


class HostnameRewrite(Spec):
    """Whether the host becomes the virtual service's name (it does by default)."""

    default_target_hostname: Switch | None = None


class Rewrite(Spec):
    """What a gateway changes in an HTTP request."""

    prefix: PrefixRewrite | None = None
    path: PathRewrite | None = None
    hostname: HostnameRewrite | None = None


class GrpcRewrite(Spec):
    """What a gateway changes in a gRPC request."""

    hostname: HostnameRewrite | None = None


class GatewayAction(Spec):
    """Action of an HTTP gateway route."""

    target: GatewayTarget
    rewrite: Rewrite | None = None


class GrpcGatewayAction(Spec):
    """Action of a gRPC gateway route."""

    target: GatewayTarget
    rewrite: GrpcRewrite | None = None


class HttpGatewayRoute(Spec):
    """A gateway route for HTTP/1 or HTTP/2."""

    match: GatewayMatch
    action: GatewayAction


class GrpcGatewayRoute(Spec):
    """A gateway route for gRPC."""

    match: GrpcGatewayMatch
    action: GrpcGatewayAction


class GatewayRouteSpec(Spec):
    """A gateway route: exactly one kind."""

    priority: Priority | None = None
    http_route: HttpGatewayRoute | None = None
    http2_route: Annotated[HttpGatewayRoute | None, Field(alias="http2Route")] = None
    grpc_route: GrpcGatewayRoute | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> GatewayRouteSpec:
        if len(self.kinds) != 1:
            seen = ", ".join(self.kinds) or "none"
            raise ValueError(f"exactly one of httpRoute, http2Route, grpcRoute is needed; written: {seen}")
        return self

    @property
    def kinds(self) -> list[str]:
        """The written route kinds, by their API names."""
        return [name for name, _ in self.written() if name.endswith("Route")]

    @property
    def body(self) -> HttpGatewayRoute | GrpcGatewayRoute:
        """The one route that is written."""
        body = self.http_route or self.http2_route or self.grpc_route
        assert body is not None
        return body
