"""Routes of virtual routers."""

from __future__ import annotations

from chaosmesh.appmesh.profiles import Profile
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.spec.route import PROTOCOLS
from chaosmesh.appmesh.translate import origins, rules
from chaosmesh.mesh import Route, Target


def route(resource: Resource, profile: Profile) -> Route:
    """One route; where its author wrote no retry policy, the profile's."""
    (kind,) = resource.spec.kinds
    protocol, body = PROTOCOLS[kind], resource.spec.body
    written = getattr(body, "retry_policy", None)
    implicit = None if protocol == "tcp" else profile.retry
    return Route(
        id=resource.id,
        name=resource.name,
        protocol=protocol,
        match=rules.match(kind, body.match),
        targets=tuple(Target(one.virtual_node, one.weight, one.port) for one in body.action.weighted_targets),
        retry=rules.retry(written, profile) if written else implicit,
        timeout=rules.timeout(body.timeout, protocol, profile),
        where=resource.where,
        clauses=origins.of_route(resource),
    )
