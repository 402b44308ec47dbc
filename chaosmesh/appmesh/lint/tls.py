"""Clients and servers whose TLS settings don't go together.

To be refused may be what the owner wants to see, so none of it is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.lint.model import Finding, Rule, View
from chaosmesh.appmesh.resources import Resource

NO_SERVER = Rule(
    "tls-without-server",
    "warning",
    "A client insists on TLS, but the listener that it calls has none",
    "give the listener TLS (STRICT or PERMISSIVE), or set the client policy's enforce to false",
)
NO_CERTIFICATE = Rule(
    "tls-client-certificate-missing",
    "warning",
    "A listener asks its clients for a certificate, but a client has none to show",
    "add a certificate to the client policy of that backend, or take the listener's validation away",
)
UNVERIFIED = Rule(
    "tls-unverified",
    "note",
    "A client without a TLS policy speaks TLS to this listener, but doesn't check its certificate",
    "add a client policy with a validation to the backend",
)
RULES = (NO_SERVER, NO_CERTIFICATE, UNVERIFIED)


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for service, clients in view.callers.items():
        for client in clients:
            policy, path = _policy(client, service)
            for node in view.nodes_behind(service):
                for one in node.spec.listeners or ():
                    yield from _pair(client, policy, path, node, one)


def _policy(client: Resource, service: str) -> tuple[Any, tuple[str | int, ...]]:
    """The client's TLS rule for a service and where it is written; None if nobody wrote one."""
    for index, backend in enumerate(getattr(client.spec, "backends", None) or ()):
        own = backend.virtual_service
        if own.virtual_service_name == service and own.client_policy and own.client_policy.tls:
            return own.client_policy.tls, ("backends", index, "virtualService", "clientPolicy", "tls")
    defaults = client.spec.backend_defaults
    if defaults and defaults.client_policy and defaults.client_policy.tls:
        return defaults.client_policy.tls, ("backendDefaults", "clientPolicy", "tls")
    return None, ("backends",)


def _pair(
    client: Resource, policy: Any, path: tuple[str | int, ...], node: Resource, one: Any
) -> Iterator[Finding]:
    port = one.port_mapping.port
    mode = one.tls.mode if one.tls is not None else "DISABLED"
    applies = policy is not None and (not policy.ports or port in policy.ports)
    if applies and policy.enforce is not False and mode == "DISABLED":
        message = f"insists on TLS, but {node.name} speaks none on port {port}"
        yield Finding(NO_SERVER, client.place(*path), client.id, message)
    if mode == "DISABLED":
        return
    if one.tls.validation is not None and mode == "STRICT" and not (applies and policy.certificate):
        message = f"has no certificate to show to {node.name}, which asks for one on port {port}"
        yield Finding(NO_CERTIFICATE, client.place(*path), client.id, message)
    if not applies and one.tls.certificate.member[0] == "file":
        message = f"speaks TLS to {node.name} on port {port}, but checks no certificate"
        yield Finding(UNVERIFIED, client.place(*path), client.id, message)
