"""Virtual routers and their routes: match, split, retry, timeout."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chaosmesh.appmesh.spec.base import Duration, Method, Name, Port, PortMapping, Protocol, Spec, Text, Whole
from chaosmesh.appmesh.spec.match import Conditions, PathMatch, Prefix, QueryParameters
from chaosmesh.appmesh.spec.node import RequestTimeout, TcpTimeout

Priority = Annotated[Whole, Field(ge=0, le=1000)]
HttpEvent = Literal["server-error", "gateway-error", "client-error", "stream-error"]
GrpcEvent = Literal["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]

PROTOCOLS: dict[str, Protocol] = {
    "httpRoute": "http",
    "http2Route": "http2",
    "grpcRoute": "grpc",
    "tcpRoute": "tcp",
}
"""What the kind of a route or a gateway route speaks."""


class RouterListener(Spec):
    """A port on which clients call the services of a router."""

    port_mapping: PortMapping


class VirtualRouterSpec(Spec):
    """A virtual router."""

    listeners: tuple[RouterListener, ...] | None = None


class HttpMatch(Spec):
    """Conditions of an HTTP route; all must hold."""

    prefix: Prefix | None = None
    path: PathMatch | None = None
    method: Method | None = None
    scheme: Literal["http", "https"] | None = None
    headers: Conditions | None = None
    query_parameters: QueryParameters | None = None
    port: Port | None = None


class GrpcMatch(Spec):
    """Conditions of a gRPC route; a method needs its service."""

    service_name: Text | None = None
    method_name: Annotated[Text, Field(min_length=1, max_length=50)] | None = None
    metadata: Conditions | None = None
    port: Port | None = None

    @model_validator(mode="after")
    def _method_of_a_service(self) -> GrpcMatch:
        if self.method_name and not self.service_name:
            raise ValueError("methodName needs serviceName; write the service too")
        return self


class TcpMatch(Spec):
    """Condition of a TCP route."""

    port: Port | None = None


class WeightedTarget(Spec):
    """One arm of a split. Weights are relative."""

    virtual_node: Name
    weight: Annotated[Whole, Field(ge=0, le=100)]
    port: Port | None = None


class Action(Spec):
    """Where a route leads."""

    weighted_targets: Annotated[tuple[WeightedTarget, ...], Field(min_length=1, max_length=10)]


class HttpRetryPolicy(Spec):
    """When an HTTP call is tried again."""

    max_retries: Annotated[Whole, Field(ge=0)]
    per_retry_timeout: Duration
    http_retry_events: Annotated[tuple[HttpEvent, ...], Field(min_length=1, max_length=25)] | None = None
    tcp_retry_events: (
        Annotated[tuple[Literal["connection-error"], ...], Field(min_length=1, max_length=1)] | None
    ) = None


class GrpcRetryPolicy(HttpRetryPolicy):
    """When a gRPC call is tried again."""

    grpc_retry_events: Annotated[tuple[GrpcEvent, ...], Field(min_length=1, max_length=5)] | None = None


class HttpRoute(Spec):
    """A route for HTTP/1 or HTTP/2."""

    match: HttpMatch
    action: Action
    retry_policy: HttpRetryPolicy | None = None
    timeout: RequestTimeout | None = None


class GrpcRoute(Spec):
    """A route for gRPC."""

    match: GrpcMatch
    action: Action
    retry_policy: GrpcRetryPolicy | None = None
    timeout: RequestTimeout | None = None


class TcpRoute(Spec):
    """A route for TCP connections."""

    action: Action
    match: TcpMatch | None = None
    timeout: TcpTimeout | None = None


class RouteSpec(Spec):
    """A route. The API model marks no union here, the service takes exactly one kind."""

    priority: Priority | None = None
    http_route: HttpRoute | None = None
    http2_route: Annotated[HttpRoute | None, Field(alias="http2Route")] = None
    grpc_route: GrpcRoute | None = None
    tcp_route: TcpRoute | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> RouteSpec:
        if len(self.kinds) != 1:
            seen = ", ".join(self.kinds) or "none"
            raise ValueError(
                f"exactly one of httpRoute, http2Route, grpcRoute, tcpRoute is needed; written: {seen}"
            )
        return self

    @property
    def kinds(self) -> list[str]:
        """The written route kinds, by their API names."""
        return [name for name, _ in self.written() if name.endswith("Route")]

    @property
    def body(self) -> HttpRoute | GrpcRoute | TcpRoute:
        """The one route that is written."""
        body = self.http_route or self.http2_route or self.grpc_route or self.tcp_route
        assert body is not None
        return body
