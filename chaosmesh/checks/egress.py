"""What the egress filter keeps in, or lets out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaosmesh.appmesh import Resources
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped, every_request
from chaosmesh.checks.wiring import COUNT, statuses


def egress_check(resources: Resources) -> Iterator[Check | Skipped]:
    """What is no backend: kept in, which is the default, or let out."""
    mesh = resources.mesh
    if mesh is None:
        return
    written = mesh.spec.egress_filter
    closed = written is None or written.type == "DROP_ALL"
    name = "mesh/egressFilter"
    client = next((n for n, one in resources.virtual_nodes.items() if one.spec.backends), None) or next(
        iter(resources.virtual_nodes), None
    )
    if client is None:
        yield Skipped(name, "there is no node that could send anything")
        return
    host = _stranger(resources, client) if closed else _modelled(resources, client)
    if host is None:
        yield Skipped(
            name, f"{client} has no other node to call by its own name; nothing outside the run is called"
        )
        return
    origin = "as written" if written else "the default where none is written"
    words = "gets 404" if closed else "is let out"
    yield Check(
        name,
        mesh,
        f"a call of {client} to {host}, which is none of its backends, {words} ({origin})",
        "documented",
        (Probe(client, "", Shape(host=host), COUNT, place="open"),),
        lambda seen: _kept_in(seen) if closed else _let_out(seen),
    )


def _stranger(resources: Resources, client: str) -> str:
    own = {
        one.virtual_service.virtual_service_name
        for one in resources.virtual_nodes[client].spec.backends or ()
    }
    others = [name for name in resources.virtual_services if name not in own]
    return others[0] if others else "chaosmesh-elsewhere.example"


def _modelled(resources: Resources, client: str) -> str | None:
    """Another node by its discovery name: it runs here, so that it can be called."""
    for name, node in resources.virtual_nodes.items():
        found, listeners = node.spec.service_discovery, node.spec.listeners or ()
        if name == client or not found or not listeners or listeners[0].port_mapping.protocol != "http":
            continue
        if listeners[0].tls and listeners[0].tls.mode == "STRICT":
            continue
        kind, value = found.member
        host = value.hostname if kind == "dns" else f"{value.service_name}.{value.namespace_name}"
        if host not in resources.virtual_services:
            return f"{host}:{listeners[0].port_mapping.port}"
    return None


def _kept_in(seen: Sequence[Seen]) -> Outcome:
    return every_request(
        seen,
        lambda one: "" if one.status == 404 else f"answered with {one.status or one.error}, not 404",
        expected={"status": 404},
        observed=statuses,
    )


def _let_out(seen: Sequence[Seen]) -> Outcome:
    return every_request(
        seen,
        lambda one: "" if one.status and one.status != 404 else f"answered with {one.status or one.error}",
        expected={"status": "any but 404"},
        observed=statuses,
    )
