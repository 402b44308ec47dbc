"""Who is behind an upstream: one proxy address per replica, so that a fault hits one edge only."""

from __future__ import annotations

from chaosmesh.envoy import names
from chaosmesh.envoy.forms import Json, socket
from chaosmesh.mesh import EdgeProxy, Listener, Mesh, Topology, Workload


def egress(mesh: Mesh, topology: Topology, client: str, workload: Workload, listener: Listener) -> Json:
    """The replicas that one client workload meets; behind a logical DNS name every client sees one host."""
    proxies = topology.proxies_of(client, workload.name)
    if workload.discovery and workload.discovery.kind == "logical_dns":
        proxies = proxies[:1]
    return {
        "cluster_name": names.egress_cluster(mesh.name, workload.name, listener.protocol, listener.port),
        "endpoints": [{"lb_endpoints": [{"endpoint": _endpoint(one, listener)} for one in proxies]}],
    }


def _endpoint(proxy: EdgeProxy, listener: Listener) -> Json:
    address = {"address": socket(proxy.address, listener.port)}
    check = listener.health
    if check and check.port not in (None, listener.port) and check.port in proxy.ports:
        return {**address, "health_check_config": {"port_value": check.port}}
    return address
