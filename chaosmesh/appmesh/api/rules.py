"""Rules that no single field can tell: references, what is in use, quotas, reserved words, defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chaosmesh.appmesh.api.failures import ApiError, bad_request
from chaosmesh.appmesh.api.records import Id, Quotas, State
from chaosmesh.appmesh.references import Reference, references
from chaosmesh.appmesh.resources import Resource, Resources, put

_RESERVED_PATHS = ("/aws-appmesh", "/aws-app-mesh")
_RESERVED_SERVICE = "aws.appmesh"


def filled(kind: str, spec: Any) -> Any:
    """The spec with what the service writes into it: a health check asks the listener's own port."""
    if kind not in {"virtualNode", "virtualGateway"} or not spec.listeners:
        return spec
    listeners = []
    for one in spec.listeners:
        check = one.health_check
        if check and check.port is None:
            check = check.model_copy(update={"port": one.port_mapping.port})
        listeners.append(one.model_copy(update={"health_check": check}))
    return spec.model_copy(update={"listeners": tuple(listeners)})


def check_spec(kind: str, spec: Any) -> None:
    """Rules inside one spec that span several fields."""
    if kind in {"virtualNode", "virtualGateway"}:
        for one in spec.listeners or ():
            _same_protocol(one)
    if kind == "virtualNode" and spec.listeners and spec.service_discovery is None:
        raise bad_request("spec.serviceDiscovery is required where a listener is written")
    if kind == "gatewayRoute":
        _not_reserved(spec.body.match)


def _same_protocol(listener: Any) -> None:
    protocol = listener.port_mapping.protocol
    for name, word in (("connection_pool", "connectionPool"), ("timeout", "timeout")):
        part = getattr(listener, name, None)
        if part and part.member[0] != protocol:
            raise bad_request(
                f"spec.listeners.{word} is for {part.member[0]}, the listener speaks {protocol}"
                f" (write {word}.{protocol})"
            )


def _not_reserved(match: Any) -> None:
    path = getattr(match, "path", None)
    for word, value in (
        ("prefix", getattr(match, "prefix", None)),
        ("path.exact", path.exact if path else None),
    ):
        if value and value.startswith(_RESERVED_PATHS):
            raise bad_request(f"spec.match.{word} {value!r}: paths from {_RESERVED_PATHS[0]} on are reserved")
    service = getattr(match, "service_name", None)
    if service and (service == _RESERVED_SERVICE or service.startswith(f"{_RESERVED_SERVICE}.")):
        raise bad_request(f"spec.match.serviceName {service!r}: {_RESERVED_SERVICE} is reserved")


def check_references(state: State, mesh: str, resource: Resource) -> None:
    """What a resource points to is there. A backend may name a service that comes later."""
    for one in references(put(Resources(mesh), mesh, [resource])):
        target = Id(mesh, one.kind, None, one.name)
        if not _backend(one) and target not in state.records:
            field = ".".join(str(step) for step in one.path if isinstance(step, str))
            at = f"spec.{field}: " if field else ""
            raise ApiError("NotFoundException", f"{at}there is no {target.title}")


def check_ports(state: State, id_: Id, spec: Any) -> None:
    """A router with several listeners needs routes that say which port they are for."""
    if id_.kind == "route":
        router = state.records[id_.owner].resource.spec
        _route_port(id_.name, spec, len(router.listeners or ()))
    if id_.kind == "virtualRouter":
        for one in state.inside(id_, "route"):
            _route_port(one.name, state.records[one].resource.spec, len(spec.listeners or ()))


def _route_port(name: str, spec: Any, listeners: int) -> None:
    match = spec.body.match
    if listeners > 1 and (match is None or match.port is None):
        raise bad_request(f"route {name}: match.port is required where the router has several listeners")


def check_unused(state: State, id_: Id) -> None:
    """Nothing lives in the resource and nothing points to it."""
    if id_.kind == "mesh":
        left = [one for one in state.records if one.mesh == id_.mesh and one.kind != "mesh"]
        if left:
            raise ApiError(
                "ResourceInUseException", f"{id_.title} still holds the {left[0].kind} {left[0].name}"
            )
        return
    for one in references(state.resources(id_.mesh)):
        if (one.kind, one.name) == (id_.kind, id_.name) and not _backend(one) and id_.parent is None:
            raise ApiError("ResourceInUseException", f"{id_.title} is used by {one.source.id}")


def _backend(reference: Reference) -> bool:
    return reference.path[:1] == ("backends",)


def check_quota(state: State, id_: Id, quotas: Quotas) -> None:
    """One more of the kind may be created."""
    most = {
        "mesh": quotas.meshes,
        "virtualService": quotas.services,
        "virtualNode": quotas.nodes,
        "virtualRouter": quotas.routers,
        "virtualGateway": quotas.gateways,
        "route": quotas.routes,
        "gatewayRoute": quotas.gateway_routes,
    }[id_.kind]
    there = len(list(state.meshes())) if id_.kind == "mesh" else len(state.inside(id_.owner, id_.kind))
    if there >= most:
        where = "account" if id_.kind == "mesh" else id_.owner.title
        raise ApiError(
            "LimitExceededException", f"there are {there} of kind {id_.kind} in {where}; {most} is the quota"
        )


def check_backends(spec: Any, quotas: Quotas) -> None:
    """A node has no more backends than the quota."""
    there = len(getattr(spec, "backends", None) or ())
    if there > quotas.backends:
        raise ApiError(
            "LimitExceededException", f"spec.backends has {there} entries; {quotas.backends} is the quota"
        )


def runnable(resources: Resources) -> Resources:
    """The resources less the backends that name no service yet: their callers reach nothing there."""
    known = resources.virtual_services
    return put(resources, resources.mesh_name, list(_pruned(resources, frozenset(known))))


def _pruned(resources: Resources, known: frozenset[str]) -> Iterator[Resource]:
    for node in resources.virtual_nodes.values():
        backends = node.spec.backends or ()
        kept = tuple(one for one in backends if one.virtual_service.virtual_service_name in known)
        if len(kept) < len(backends):
            yield replace(node, spec=node.spec.model_copy(update={"backends": kept}))
