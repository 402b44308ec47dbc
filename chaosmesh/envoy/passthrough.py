"""Open egress: calls to what is no backend of the client, let out as they are, without retries or bounds of time.

App Mesh sent them to the address that the application had dialled. On loopback nothing is intercepted, so it is the
request's host that counts: hosts that the mesh models lead to a sidecar of their workload, any other one is looked
up by DNS. Connections that are no HTTP can't be told by a host, and stay refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from chaosmesh.envoy.actions import ANY_PATH, call_headers, header, literal, marked
from chaosmesh.envoy.clusters import EGRESS_CONNECT_TIMEOUT
from chaosmesh.envoy.forms import Json, extension, seconds, typed
from chaosmesh.envoy.names import EGRESS_PORT
from chaosmesh.mesh import Mesh, Replica, Service, Target, Topology

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
                called = call_headers(replica.node, literal(host))
                result.append(_host(name, domains, [_there(_name(mesh), address)], called))
    if by_host:
        own = [replica.sidecar, f"{replica.sidecar}:{port}"]
        result.append(_host("self", own, [], []))
    return result


def others(mesh: Mesh, client: str) -> Json:
    """The route of every other host."""
    route: Json = {
        "name": NAME,
        "match": ANY_PATH,
        "route": {"cluster": _name(mesh), "timeout": "0s"},
        "request_headers_to_add": call_headers(client, "%REQ(:AUTHORITY)%"),
    }
    return marked(route, "", {})


def _name(mesh: Mesh) -> str:
    return f"cds_egress_{mesh.name}_{NAME}"


def _host(name: str, domains: list[str], routes: list[Json], headers: list[Json]) -> Json:
    return {
        "name": name,
        "domains": domains,
        "routes": routes,
        "include_request_attempt_count": True,
        "request_headers_to_add": headers,
    }


@lru_cache(maxsize=10_000)
def _there(upstream: str, address: str) -> Json:
    """The route to one address, the same for all clients: a header tells the upstream what to dial, and the host
    stays what was called."""
    route: Json = {
        "name": NAME,
        "match": ANY_PATH,
        "route": {"cluster": f"{upstream}_modelled", "timeout": "0s"},
        "request_headers_to_add": [header(_DIALLED, address)],
    }
    return marked(route, "", {})


def _addresses(mesh: Mesh, topology: Topology) -> Iterator[tuple[str, int, str]]:
    """(host, port, address of a sidecar) of every name that the mesh gives: one address, as a DNS answer is."""
    workloads = {one.name: one for one in mesh.workloads}
    sidecars = {one.node: one.sidecar for one in reversed(topology.replicas)}
    for one in mesh.workloads:
        if one.discovery and one.discovery.hostname and one.name in sidecars:
            for listener in one.listeners:
                if listener.protocol != "tcp":
                    yield one.discovery.hostname, listener.port, f"{sidecars[one.name]}:{listener.port}"
    for service in mesh.services:
        for offered in service.ports:
            arm = _arm(service, offered.port) if offered.protocol != "tcp" else None
            behind = workloads.get(arm.workload) if arm else None
            listener_there = behind.listener(arm.port) if behind and arm else None
            if behind and listener_there and behind.name in sidecars:
                yield service.name, offered.port, f"{sidecars[behind.name]}:{listener_there.port}"


def _arm(service: Service, port: int) -> Target | None:
    """Without the service's routes nobody splits its traffic: its first target answers."""
    rules = (one for one in service.routes if one.protocol != "tcp" and one.match.port in (None, port))
    return next((target for rule in rules for target in rule.targets if target.weight), None)
