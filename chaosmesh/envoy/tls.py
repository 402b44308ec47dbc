"""Transport sockets: TLS of the listeners and of the upstreams of a sidecar; certificates come from the control plane."""

from __future__ import annotations

from typing import Final

from chaosmesh.envoy import secrets
from chaosmesh.envoy.forms import FROM_ADS, Json, extension
from chaosmesh.envoy.handshakes import handshake
from chaosmesh.mesh import Identity, Listener, Mesh, Trust, Workload

_ALPN: Final[dict[str, list[str]]] = {"http": ["http/1.1"], "http2": ["h2"], "grpc": ["h2"], "tcp": []}
_SOCKET: Final = "envoy.transport_sockets.tls"
_TYPES: Final = "extensions.transport_sockets.tls.v3"


def guarded(mesh: Mesh, workload: Workload, listener: Listener, chain: Json) -> Json:
    """The chains of a port and what they need of its Envoy listener: plain, TLS alone, or told apart by what comes.

    Of a TCP port that takes both nothing may come, for there the server may speak first: after a second it is plain.
    """
    if listener.tls is None or listener.tls.mode == "disabled":
        return {"filter_chains": [chain]}
    secure = {**chain, "transport_socket": _downstream(mesh, workload, listener)}
    if listener.tls.mode == "strict":
        return {"filter_chains": [secure]}
    inspector = extension(
        "envoy.filters.listener.tls_inspector", "extensions.filters.listener.tls_inspector.v3.TlsInspector"
    )
    silent = {"listener_filters_timeout": "1s", "continue_on_listener_filters_timeout": True}
    return {
        "listener_filters": [inspector],
        **(silent if listener.protocol == "tcp" else {}),
        "filter_chains": [
            {**secure, "name": f"{chain['name']}_tls", "filter_chain_match": {"transport_protocol": "tls"}},
            {**chain, "filter_chain_match": {"transport_protocol": "raw_buffer"}},
        ],
    }


def secured(cluster: Json, mesh: Mesh, client: str, server: Workload, listener: Listener) -> Json:
    """The upstream with the TLS that this client owes its server, if any; its health checks use it too."""
    caller = next((one for one in mesh.workloads if one.name == client), None)
    if caller is None or not (listener.tls or caller.client_tls):
        return cluster
    found = handshake(mesh, caller, server, listener)
    if found is None:
        return cluster
    common = _common(mesh, caller, found.identity, found.trust, found.names, listener.protocol)
    named = server.discovery.hostname if server.discovery else ""
    socket = extension(
        _SOCKET, f"{_TYPES}.UpstreamTlsContext", common_tls_context=common, sni=named or server.name
    )
    return {**cluster, "transport_socket": socket, **_checks(cluster, listener)}


def _downstream(mesh: Mesh, workload: Workload, listener: Listener) -> Json:
    tls = listener.tls
    if tls is None:
        raise AssertionError("a listener without TLS has no transport socket")
    wanted = tls.trust.names if tls.trust else ()
    common = _common(mesh, workload, tls.identity, tls.trust, wanted, listener.protocol)
    demanded = {"require_client_certificate": True} if tls.trust else {}
    return extension(_SOCKET, f"{_TYPES}.DownstreamTlsContext", common_tls_context=common, **demanded)


def _common(
    mesh: Mesh,
    workload: Workload,
    identity: Identity | None,
    trust: Trust | None,
    wanted: tuple[str, ...],
    protocol: str,
) -> Json:
    result: Json = {}
    if _ALPN[protocol]:
        result["alpn_protocols"] = _ALPN[protocol]
    if identity:
        name = secrets.identity_name(mesh, workload, identity)
        result["tls_certificate_sds_secret_configs"] = [_secret(name)]
    if trust:
        result["combined_validation_context"] = {
            "default_validation_context": _names(wanted),
            "validation_context_sds_secret_config": _secret(secrets.trust_name(trust)),
        }
    return result


def _names(wanted: tuple[str, ...]) -> Json:
    """One of these names must stand in the other side's certificate; without any, every name will do."""
    if not wanted:
        return {}
    kinds = [("URI" if secrets.is_uri(one) else "DNS", one) for one in wanted]
    return {
        "match_typed_subject_alt_names": [
            {"san_type": kind, "matcher": {"exact": one}} for kind, one in kinds
        ]
    }


def _secret(name: str) -> Json:
    return {"name": name, "sds_config": FROM_ADS}


def _checks(cluster: Json, listener: Listener) -> Json:
    """A health check may speak another protocol than the calls, and must not agree on theirs."""
    checks, protocol = cluster.get("health_checks"), listener.health.protocol if listener.health else "tcp"
    if not checks or not _ALPN[protocol]:
        return {}
    return {"health_checks": [{**one, "tls_options": {"alpn_protocols": _ALPN[protocol]}} for one in checks]}
