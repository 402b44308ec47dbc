"""Whether a client's TLS and that of a server go together, by what both declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chaosmesh.appmesh import Resources


def policy_of(resources: Resources, client: str, service: str) -> Any:
    """The client policy's TLS for calls of a node or a gateway to a service; None where nothing is written."""
    owner = resources.virtual_nodes.get(client) or resources.virtual_gateways[client]
    for backend in getattr(owner.spec, "backends", None) or ():
        one = backend.virtual_service
        if one.virtual_service_name == service and one.client_policy and one.client_policy.tls:
            return one.client_policy.tls
    defaults = owner.spec.backend_defaults
    return defaults.client_policy.tls if defaults and defaults.client_policy else None


def barred(resources: Resources, client: str, service: str, nodes: Iterable[str]) -> str | None:
    """Why no call of the client can get through to one of these nodes, None if nothing written stands against it."""
    policy = policy_of(resources, client, service)
    for name in nodes:
        for listener in (resources.virtual_nodes[name].spec.listeners or ())[:1]:
            if _enforced(policy, listener.port_mapping.port) and mode_of(listener) == "DISABLED":
                return f"{client} speaks nothing but TLS, and {name} none: no call gets through"
            asks = mode_of(listener) == "STRICT" and listener.tls.validation is not None
            if asks and (policy is None or policy.certificate is None):
                return f"{name} asks for a certificate, and {client} has none: no call gets through"
    return None


def _enforced(policy: Any, port: int) -> bool:
    if policy is None or policy.enforce is False:
        return False
    return not policy.ports or port in policy.ports


def mode_of(listener: Any) -> str:
    """STRICT, PERMISSIVE or DISABLED, which is also where nothing is written."""
    return str(listener.tls.mode) if listener.tls else "DISABLED"


def modes(resources: Resources, nodes: Iterable[str]) -> frozenset[str]:
    """The modes of these nodes' first listeners."""
    found = (resources.virtual_nodes[name].spec.listeners or () for name in nodes)
    return frozenset(mode_of(listeners[0]) for listeners in found if listeners)
