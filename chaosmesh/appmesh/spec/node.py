"""Virtual nodes and virtual gateways: listeners, discovery, backends."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chaosmesh.appmesh.spec.base import (
    Duration,
    IpPreference,
    OneOf,
    Port,
    PortMapping,
    Protocol,
    Spec,
    Text,
    Whole,
)
from chaosmesh.appmesh.spec.tls import BackendDefaults, ClientPolicy, ListenerTls, Logging

Positive = Annotated[Whole, Field(ge=1)]
Threshold = Annotated[Whole, Field(ge=2, le=10)]
GatewayProtocol = Literal["http", "http2", "grpc"]


class HealthCheck(Spec):
    """Active health check; without a port the listener's own is asked."""

    protocol: Protocol
    healthy_threshold: Threshold
    unhealthy_threshold: Threshold
    interval_millis: Annotated[Whole, Field(ge=5000, le=300000)]
    timeout_millis: Annotated[Whole, Field(ge=2000, le=60000)]
    path: Text | None = None
    port: Port | None = None


class OutlierDetection(Spec):
    """Ejection after consecutive server errors."""

    max_server_errors: Positive
    interval: Duration
    base_ejection_duration: Duration
    max_ejection_percent: Annotated[Whole, Field(ge=0, le=100)]


class HttpPool(Spec):
    """Limits of HTTP/1 connections."""

    max_connections: Positive
    max_pending_requests: Positive | None = None


class RequestPool(Spec):
    """Limits of HTTP/2 and gRPC."""

    max_requests: Positive


class TcpPool(Spec):
    """Limits of TCP connections."""

    max_connections: Positive


class ConnectionPool(OneOf):
    """A circuit breaker; its member is the listener's protocol."""

    http: HttpPool | None = None
    http2: RequestPool | None = None
    grpc: RequestPool | None = None
    tcp: TcpPool | None = None


class GatewayPool(OneOf):
    """A circuit breaker of a gateway."""

    http: HttpPool | None = None
    http2: RequestPool | None = None
    grpc: RequestPool | None = None


class RequestTimeout(Spec):
    """Timeouts of HTTP, HTTP/2 and gRPC. `per_request` spans all tries."""

    per_request: Duration | None = None
    idle: Duration | None = None


class TcpTimeout(Spec):
    """Timeout of TCP."""

    idle: Duration | None = None


class ListenerTimeout(OneOf):
    """Timeouts of a listener; the member is the listener's protocol."""

    http: RequestTimeout | None = None
    http2: RequestTimeout | None = None
    grpc: RequestTimeout | None = None
    tcp: TcpTimeout | None = None


class Listener(Spec):
    """A port that a node serves."""

    port_mapping: PortMapping
    health_check: HealthCheck | None = None
    outlier_detection: OutlierDetection | None = None
    connection_pool: ConnectionPool | None = None
    timeout: ListenerTimeout | None = None
    tls: ListenerTls | None = None


class DnsDiscovery(Spec):
    """Found by DNS; LOADBALANCER, the default, is one host to its clients."""

    hostname: Text
    response_type: Literal["LOADBALANCER", "ENDPOINTS"] | None = None
    ip_preference: IpPreference | None = None


def _attribute_key(key: str) -> str:
    if not re.fullmatch(r"[!-~]+", key):
        raise ValueError(f"{key!r} may hold printable ASCII characters without spaces only")
    return key


def _attribute_value(value: str) -> str:
    if not re.fullmatch(r"[!-~][ \t!-~]*", value):
        raise ValueError(f"{value!r} may hold printable ASCII characters only, and no blank at its start")
    return value


class Attribute(Spec):
    """An attribute that a Cloud Map instance must have."""

    key: Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(_attribute_key)]
    value: Annotated[Text, Field(min_length=1, max_length=1024), AfterValidator(_attribute_value)]


class CloudMapDiscovery(Spec):
    """Found by AWS Cloud Map: every instance is a host."""

    namespace_name: Annotated[Text, Field(min_length=1, max_length=1024)]
    service_name: Annotated[Text, Field(min_length=1, max_length=1024)]
    attributes: tuple[Attribute, ...] | None = None
    ip_preference: IpPreference | None = None


class ServiceDiscovery(OneOf):
    """How clients find a node."""

    dns: DnsDiscovery | None = None
    aws_cloud_map: CloudMapDiscovery | None = None


class ServiceBackend(Spec):
    """A virtual service that a node calls."""

    virtual_service_name: Text
    client_policy: ClientPolicy | None = None


class Backend(OneOf):
    """What a node calls."""

    virtual_service: ServiceBackend | None = None


class VirtualNodeSpec(Spec):
    """A virtual node."""

    listeners: tuple[Listener, ...] | None = None
    service_discovery: ServiceDiscovery | None = None
    backends: tuple[Backend, ...] | None = None
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class GatewayPortMapping(Spec):
    """A port of a gateway."""

    port: Port
    protocol: GatewayProtocol


class GatewayHealthCheck(HealthCheck):
    """Health check of a gateway."""

    protocol: GatewayProtocol


class GatewayListener(Spec):
    """A port that a gateway serves."""

    port_mapping: GatewayPortMapping
    health_check: GatewayHealthCheck | None = None
    connection_pool: GatewayPool | None = None
    tls: ListenerTls | None = None


class VirtualGatewaySpec(Spec):
    """A virtual gateway."""

    listeners: tuple[GatewayListener, ...]
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None
