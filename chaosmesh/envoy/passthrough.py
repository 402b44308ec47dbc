"""Open egress: calls to what is no backend of the client, let out as they are, without retries or bounds of time.

App Mesh sent them to the address that the application had dialled. On loopback nothing is intercepted, so it is the
request's host that counts: hosts that the mesh models lead to a sidecar of their workload, any other one is looked
up by DNS. Connections that are no HTTP can't be told by a host, and stay refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from chaosmesh.envoy.actions import ANY_PATH, call_headers, header, marked
from chaosmesh.envoy.clusters import EGRESS_CONNECT_TIMEOUT
from chaosmesh.envoy.forms import Json, extension, seconds, typed
from chaosmesh.envoy.names import EGRESS_PORT
from chaosmesh.mesh import Mesh, Replica, Service, Topology

NAME: Final = "mesh-allow-all"
_FILTER: Final = "envoy.filters.http.dynamic_forward_proxy"
_TYPES: Final = "extensions.filters.http.dynamic_forward_proxy.v3"
_CACHE: Final[Json] = {"name": NAME, "dns_lookup_family": "V4_PREFERRED"}
_DIALLED: Final = "x-envoy-original-dst-host"
_HTTP: Final = "extensions.upstreams.http.v3.HttpProtocolOptions"


def clusters(mesh: Mesh) -> list[Json]:
    """The upstreams of such calls, for hosts that are looked up and for hosts of the mesh: both speak the caller's
    protocol. The name of the second is ours: App Mesh had one, for it knew the address that was dialled."""
    protocols: Json = {"http_protocol_options": {}, "http2_protocol_options": {}}
    options = typed(
        _HTTP,
        use_downstream_protocol_config=protocols,
        upstream_http_protocol_options={"auto_sni": True, "auto_san_validation": True},
    )
    common: Json = {
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": seconds(EGRESS_CONNECT_TIMEOUT),
        "typed_extension_protocol_options": {f"envoy.{_HTTP}": options},
    }
    proxy = extension(
        "envoy.clusters.dynamic_forward_proxy",
        "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
        dns_cache_config=_CACHE,
    )
    told = {"type": "ORIGINAL_DST", "original_dst_lb_config": {"use_http_header": True}}
    return [
        {"name": _name(mesh), "cluster_type": proxy, **common},
        {"name": f"{_name(mesh)}_modelled", **told, **common},
    ]


def http_filter() -> Json:
    """What finds the address of a request's host; it stands before the router."""
    return extension(_FILTER, f"{_TYPES}.FilterConfig", dns_cache_config=_CACHE)


def modelled(
    mesh: Mesh, topology: Topology, replica: Replica, port: int, taken: Collection[str]
) -> list[Json]:
    """A virtual host for each host of the mesh that is no backend (`taken`: the domains of those), on one port of
    the egress. On 15001 a host may stand without its port, which is then the first one; there the sidecar's own
    address has no routes, or a request to it would go round for ever."""
    by_host = port == EGRESS_PORT
    known: dict[str, list[tuple[int, str]]] = {}
    for host, number, address in _addresses(mesh, topology):
        if by_host or number == port:
            known.setdefault(host, []).append((number, address))
    used, result = set(taken), []
    for host, places in known.items():
        for index, (number, address) in enumerate(places):
            names = [f"{host}:{number}", *([host] if index == 0 else [])]
            domains = [one for one in names if one not in used]
            used.update(domains)
            if domains:
                name = f"{host}:{number}" if by_host else host
                result.append(_host(name, domains, [_route(mesh, replica.node, host, address)]))
    if by_host:
        own = [replica.sidecar, f"{replica.sidecar}:{port}"]
        result.append(_host("self", own, []))
    return result


def others(mesh: Mesh, client: str) -> Json:
    """The route of every other host."""
    return _route(mesh, client, "%REQ(:AUTHORITY)%", None)


def _name(mesh: Mesh) -> str:
    return f"cds_egress_{mesh.name}_{NAME}"


def _host(name: str, domains: list[str], routes: list[Json]) -> Json:
    return {"name": name, "domains": domains, "routes": routes, "include_request_attempt_count": True}


def _route(mesh: Mesh, client: str, called: str, address: str | None) -> Json:
    """`address` goes along in a header, which the upstream dials; the host stays what was called."""
    dialled = [header(_DIALLED, address)] if address else []
    route: Json = {
        "name": NAME,
        "match": ANY_PATH,
        "route": {"cluster": _name(mesh) + ("_modelled" if address else ""), "timeout": "0s"},
        "request_headers_to_add": [*call_headers(client, called), *dialled],
    }
    return marked(route, "", {})


def _addresses(mesh: Mesh, topology: Topology) -> Iterator[tuple[str, int, str]]:
    """(host, port, address of a sidecar) of every name that the mesh gives: one address, as a DNS answer is."""
    for one in mesh.workloads:
        if one.discovery and one.discovery.hostname:
            for listener in one.listeners:
                if listener.protocol != "tcp":
                    yield from _at(topology, one.discovery.hostname, listener.port, one.name, listener.port)
    for service in mesh.services:
        for offered in service.ports:
            if offered.protocol != "tcp":
                yield from _behind(mesh, topology, service, offered.port)


def _behind(mesh: Mesh, topology: Topology, service: Service, port: int) -> Iterator[tuple[str, int, str]]:
    """Without the service's routes nobody splits its traffic: its first target answers."""
    rules = (one for one in service.routes if one.protocol != "tcp" and one.match.port in (None, port))
    arm = next((target for rule in rules for target in rule.targets if target.weight), None)
    workload = next((one for one in mesh.workloads if arm and one.name == arm.workload), None)
    listener = workload.listener(arm.port) if workload and arm else None
    if workload and listener:
        yield from _at(topology, service.name, port, workload.name, listener.port)


def _at(
    topology: Topology, host: str, port: int, workload: str, there: int
) -> Iterator[tuple[str, int, str]]:
    for replica in topology.replicas_of(workload)[:1]:
        yield host, port, f"{replica.sidecar}:{there}"
