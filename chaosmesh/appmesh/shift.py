"""A route with other weights: the step of a canary, in the words of the documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chaosmesh.appmesh.resources import Resource, Resources, put
from chaosmesh.errors import UsageError

WHOLE = 100
"""What the weights of a shifted route add up to (API: each at most 100)."""


def route_named(resources: Resources, name: str) -> Resource:
    """The route that `name` means: ROUTER/ROUTE, the name of one route, or a virtual service (its first DNS label
    will do) whose router has one route.

    UsageError with the candidates when there is none or more than one.
    """
    found = [one for key, one in resources.routes.items() if name in (one.name, "/".join(key))]
    if not found:
        found = [one for router in _routers(resources, name) for one in resources.routes_of(router)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{one.parent}/{one.name}" for one in found or resources.routes.values()) or "none"
    problem = f"{name!r} may be any of them" if found else f"there is no route {name!r}"
    raise UsageError(f"{problem}: {known}", hint="write ROUTER/ROUTE")


def weights_of(route: Resource) -> dict[str, int]:
    """Weight by virtual node, as declared."""
    found: dict[str, int] = {}
    for one in _action(route).weighted_targets:
        found[one.virtual_node] = found.get(one.virtual_node, 0) + one.weight
    return found


def shifted(resources: Resources, route: Resource, to: str, share: int) -> Resources:
    """The same resources with `share` per cent of a route's traffic at `to`; the others keep their proportions."""
    return reweighted(resources, route, split_of(route, to, share))


def split_of(route: Resource, to: str, share: int) -> dict[str, int]:
    """Weights that add up to 100: `share` for `to`, the rest divided as it is among the others (largest remainder)."""
    now = weights_of(route)
    if to not in now:
        raise UsageError(
            f"{route.id}: {to!r} is none of its targets", hint=f"targets: {', '.join(now)}; weight 0 will do"
        )
    others = {name: weight for name, weight in now.items() if name != to}
    if not others:
        raise UsageError(f"{route.id}: {to!r} is its only target; nothing to shift from")
    if not 0 <= share <= WHOLE:
        raise UsageError(f"{share} is no share of the traffic", hint="write 0 to 100 per cent")
    return {to: share, **_divided(others, WHOLE - share)}


def reweighted(resources: Resources, route: Resource, weights: Mapping[str, int]) -> Resources:
    """The same resources with these weights on a route, in the places of the targets that are there."""
    action = _action(route)
    left = dict(weights)  # a node that is there twice, on two ports, gets its weight in one place
    targets = tuple(
        one.model_copy(update={"weight": left.pop(one.virtual_node, 0)}) for one in action.weighted_targets
    )
    kind = _kind(route)
    member = getattr(route.spec, kind)
    changed = action.model_copy(update={"weighted_targets": targets})
    spec = route.spec.model_copy(update={kind: member.model_copy(update={"action": changed})})
    newer = Resource(route.kind, route.name, route.parent, spec, route.where, route.places)
    return put(resources, resources.mesh_name, [newer])


def _divided(weights: Mapping[str, int], total: int) -> dict[str, int]:
    whole = sum(weights.values())
    exact = {
        name: total * (weight / whole if whole else 1 / len(weights)) for name, weight in weights.items()
    }
    parts = {name: math.floor(value) for name, value in exact.items()}
    rest = total - sum(parts.values())
    for name in sorted(exact, key=lambda name: (parts[name] - exact[name], list(exact).index(name)))[:rest]:
        parts[name] += 1
    return parts


def _routers(resources: Resources, service: str) -> Sequence[str]:
    found = [
        one
        for one in resources.virtual_services.values()
        if service in (one.name, one.name.partition(".")[0]) and one.spec.provider
    ]
    routers = [one.spec.provider.virtual_router for one in found]
    return [one.virtual_router_name for one in routers if one]


def _kind(route: Resource) -> str:
    kinds = ("http_route", "http2_route", "grpc_route", "tcp_route")
    return next(one for one in kinds if getattr(route.spec, one) is not None)


def _action(route: Resource) -> Any:
    return getattr(route.spec, _kind(route)).action
