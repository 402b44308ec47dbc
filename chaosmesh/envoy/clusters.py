"""Upstreams: the applications behind sidecars, and the workloads that clients call."""

from __future__ import annotations

from chaosmesh.envoy import names, tls
from chaosmesh.envoy.forms import FROM_ADS, Json, seconds, socket, typed
from chaosmesh.mesh import Breaker, Ejection, HealthCheck, Listener, Mesh, Replica, RetryBudget, Workload

EGRESS_CONNECT_TIMEOUT = 1.0
INGRESS_CONNECT_TIMEOUT = 0.25

SHORTEST = 0.001
"""Seconds instead of 0, which App Mesh takes for the times of outlier detection and Envoy does not."""

GRPC_HEALTH = "/grpc.health.v1.Health/Check"


def ingress(mesh: Mesh, replica: Replica, listener: Listener) -> Json:
    """The application behind a sidecar. A connection pool limits the workload that declares it."""
    name = names.ingress_cluster(mesh.name, replica.node, listener.protocol, listener.port)
    return local(mesh, name, replica.app, replica.app_port(listener.port), listener)


def local(mesh: Mesh, name: str, address: str, port: int, listener: Listener) -> Json:
    """Where requests that arrive at a listener go on: one address of the same replica."""
    endpoint = {"endpoint": {"address": socket(address, port)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": seconds(INGRESS_CONNECT_TIMEOUT),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        **_breakers(listener.pool or Breaker(), mesh.breaker),
        **_protocol(listener.protocol),
    }


def egress(mesh: Mesh, workload: Workload, listener: Listener, client: str = "") -> Json:
    """One port of a workload as a client sees it; ejection, health checks and retry budgets are the client's."""
    name = names.egress_cluster(mesh.name, workload.name, listener.protocol, listener.port)
    cluster: Json = {
        "name": name,
        "type": "EDS",
        "connect_timeout": seconds(EGRESS_CONNECT_TIMEOUT),
        "lb_policy": "ROUND_ROBIN",
        "ignore_health_on_host_removal": True,
        "eds_cluster_config": {"eds_config": FROM_ADS},
        **_breakers(Breaker(), mesh.breaker, mesh.budget(client, workload.name)),
        **_protocol(listener.protocol),
    }
    if listener.ejection:
        cluster["outlier_detection"] = outlier(listener.ejection)
    if listener.health:
        cluster["health_checks"] = [_health_check(listener.health, workload, listener)]
    return tls.secured(cluster, mesh, client, workload, listener)


def _breakers(own: Breaker, default: Breaker, budget: RetryBudget | None = None) -> Json:
    """Envoy takes a retry budget instead of a limit of retries, never both."""
    limits = {
        "max_connections": _either(own.max_connections, default.max_connections),
        "max_pending_requests": _either(own.max_pending, default.max_pending),
        "max_requests": _either(own.max_requests, default.max_requests),
        "max_retries": _either(own.max_retries, default.max_retries),
    }
    written: Json = {name: value for name, value in limits.items() if value is not None}
    if budget:
        written.pop("max_retries", None)
        percent = {"value": budget.percent}
        written["retry_budget"] = {"budget_percent": percent, "min_retry_concurrency": budget.at_least}
    return {"circuit_breakers": {"thresholds": [written]}} if written else {}


def _either(own: int | None, default: int | None) -> int | None:
    return default if own is None else own


def _protocol(protocol: str) -> Json:
    if protocol == "tcp":
        return {}
    wire = "http_protocol_options" if protocol == "http" else "http2_protocol_options"
    options = typed("extensions.upstreams.http.v3.HttpProtocolOptions", explicit_http_config={wire: {}})
    return {
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        }
    }


def outlier(ejection: Ejection) -> Json:
    """Consecutive 5xx alone ejects; Envoy would also eject by success rate, which App Mesh had no word for.

    A health check that passes does not end an ejection: App Mesh's Envoys knew no such thing when its walkthroughs
    promised `baseEjectionDuration` beside a health check, later ones do so unless they are told not to.
    """
    return {
        "consecutive_5xx": ejection.errors,
        "interval": seconds(max(ejection.interval, SHORTEST)),
        "base_ejection_time": seconds(max(ejection.base, SHORTEST)),
        "max_ejection_percent": ejection.max_percent,
        "enforcing_consecutive_5xx": 100,
        "enforcing_success_rate": 0,
        "always_eject_one_host": True,
        "successful_active_health_check_uneject_host": False,
    }


def _health_check(check: HealthCheck, workload: Workload, listener: Listener) -> Json:
    """`no_traffic_interval` equals the interval: else a failed first check is repeated after a minute only.

    Envoy refuses a gRPC check of a cluster that does not speak HTTP/2. What was written can only fail there, so the
    same question is asked as plain HTTP/2, which fails likewise.
    """
    common = {
        "timeout": seconds(check.timeout),
        "interval": seconds(check.interval),
        "no_traffic_interval": seconds(check.interval),
        "unhealthy_threshold": check.unhealthy,
        "healthy_threshold": check.healthy,
    }
    host = (
        workload.discovery.hostname if workload.discovery and workload.discovery.hostname else workload.name
    )
    mark = [{"header": {"key": names.HEALTH, "value": "1"}}]
    if check.protocol == "tcp":
        return {**common, "tcp_health_check": {}}
    grpc = check.protocol == "grpc"
    if grpc and listener.protocol in ("http2", "grpc"):
        return {**common, "grpc_health_check": {"authority": host, "initial_metadata": mark}}
    probe = {
        "host": f"{host}:{check.port or listener.port}",
        "path": GRPC_HEALTH if grpc else check.path or "/",
        "codec_client_type": "HTTP2" if grpc or check.protocol == "http2" else "HTTP1",
        "request_headers_to_add": mark,
    }
    return {**common, "http_health_check": probe}
