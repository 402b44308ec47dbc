"""Which calls between sidecars are encrypted, and what both sides show and believe: App Mesh's rules of TLS.

An enforced policy of the client decides. Without one a server that takes TLS makes its clients negotiate it: they
validate its certificate if an authority issued it, and believe any if its owner brought a file or a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaosmesh.mesh import ClientTls, Identity, Listener, Mesh, Trust, Workload


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's side. Without `trust` every certificate is believed; else one of `names` must stand in it."""

    identity: Identity | None
    trust: Trust | None
    names: tuple[str, ...] = ()


def upstreams(mesh: Mesh, client: Workload) -> Iterator[tuple[Workload, Listener]]:
    """Every listener of every workload behind a client's backends, each once."""
    servers = dict.fromkeys(name for backend in client.backends for name in mesh.targets(backend))
    known = {one.name: one for one in mesh.workloads}
    return ((known[name], one) for name in servers if name in known for one in known[name].listeners)


def served(workload: Workload) -> Iterator[tuple[Listener, Identity, Trust | None]]:
    """The listeners of a workload that take TLS, with what they show and whom they believe."""
    for one in workload.listeners:
        if one.tls and one.tls.mode != "disabled":
            yield one, one.tls.identity, one.tls.trust


def handshake(mesh: Mesh, client: Workload, server: Workload, listener: Listener) -> Handshake | None:
    """How one client calls one port of a workload, None without TLS.

    There is one upstream per client and server port: of two backends of the client that lead to the same server
    with different policies, the first one's holds. A policy's ports are compared with the server's own port.
    """
    rule = _rule(mesh, client, server, listener) if client.client_tls else None
    names = (server.discovery.hostname,) if server.discovery and server.discovery.hostname else ()
    if rule and rule.enforce:
        return Handshake(rule.identity, rule.trust, rule.trust.names or names)
    if listener.tls is None or listener.tls.mode == "disabled":
        return None
    own, shown = rule.identity if rule else None, listener.tls.identity
    if shown.kind == "issued":
        return Handshake(own, Trust("issued", (shown.name,)), names)
    return Handshake(own, None)


def _rule(mesh: Mesh, client: Workload, server: Workload, listener: Listener) -> ClientTls | None:
    backends = (one for one in client.backends if server.name in mesh.targets(one))
    first = next(backends, None)
    return client.tls_to(first, listener.port) if first is not None else None
