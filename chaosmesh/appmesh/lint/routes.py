"""Routes that are never taken, or that Envoy would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chaosmesh.appmesh.lint.covering import covers
from chaosmesh.appmesh.lint.model import Finding, Rule, View, kind
from chaosmesh.appmesh.resources import Resource
from chaosmesh.appmesh.routing import ranked

ALL_ZERO = Rule(
    "weights-all-zero",
    "error",
    "All weights of a route are 0: Envoy refuses such a route",
    "give at least one target a weight above 0",
)
ABOVE_100 = Rule(
    "weights-above-100",
    "note",
    "The weights of a route add up to more than 100, which App Mesh's documentation rules out",
    "weights are relative here; scale them so that they add up to 100 if other tools read the document",
)
UNREACHABLE = Rule(
    "unreachable-route",
    "warning",
    "A route that is tried earlier takes every request that this one would match",
    "give the narrower route the smaller priority number, or delete it",
)
SAME_PRIORITY = Rule(
    "ambiguous-priority",
    "note",
    "Two routes that can both match a request have the same priority, so documents don't say which is taken",
    "give them different priorities",
)
BAD_REGEX = Rule(
    "bad-regex",
    "error",
    "A regular expression can't be compiled by RE2, which Envoy uses",
    "take out what RE2 has not: look-around, back references, possessive repeats",
)
RESERVED = Rule(
    "reserved-prefix",
    "error",
    "A gateway route matches a path or service name that App Mesh kept for itself",
    "use a prefix other than /aws-appmesh and /aws-app-mesh, a service other than aws.appmesh",
)
RULES = (ALL_ZERO, ABOVE_100, UNREACHABLE, SAME_PRIORITY, BAD_REGEX, RESERVED)

_NOT_RE2 = re.compile(r"\(\?[=!]|\(\?<[=!]|\(\?>|\\[1-9]|\(\?P=|(?<!\\)[*+?}]\+")


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for route in view.resources.routes.values():
        yield from _weights(route)
    for router in view.resources.virtual_routers:
        yield from _order(view.routes(router))
    for gateway in view.resources.virtual_gateways:
        yield from _order(ranked(view.resources.gateway_routes_of(gateway)))
    for route in (*view.resources.routes.values(), *view.resources.gateway_routes.values()):
        yield from _regexes(route)
    for route in view.resources.gateway_routes.values():
        yield from _reserved(route)


def _weights(route: Resource) -> Iterator[Finding]:
    weights = [one.weight for one in route.spec.body.action.weighted_targets]
    place = route.place(kind(route), "action", "weightedTargets")
    if not any(weights):
        yield Finding(ALL_ZERO, place, route.id, "sends its traffic to targets of weight 0 only")
    if sum(weights) > 100:
        yield Finding(ABOVE_100, place, route.id, f"has weights that add up to {sum(weights)}")


def _order(routes: Sequence[Resource]) -> Iterator[Finding]:
    for index, route in enumerate(routes):
        above = next((one for one in routes[:index] if covers(one, route)), None)
        if above is not None:
            how = "" if above.spec.priority is None else f" (priority {above.spec.priority})"
            message = f"is never taken: {above.name}{how} is tried first and matches all of its requests"
            yield Finding(UNREACHABLE, route.where, route.id, message)
            continue
        same = [one for one in routes[:index] if _tie(one, route)]
        if same:
            message = f"and {same[0].name} both have priority {route.spec.priority}"
            yield Finding(SAME_PRIORITY, route.place("priority"), route.id, message)


def _tie(one: Resource, other: Resource) -> bool:
    """Equal written priorities where neither path rules the other out."""
    if one.spec.priority is None or one.spec.priority != other.spec.priority or kind(one) != kind(other):
        return False
    first, second = (getattr(r.spec.body.match, "prefix", None) for r in (one, other))
    return bool(first and second and (first.startswith(second) or second.startswith(first)))


def _regexes(route: Resource) -> Iterator[Finding]:
    match: Any = route.spec.body.match
    if match is None:
        return
    found: list[tuple[str, tuple[str | int, ...]]] = []
    path = getattr(match, "path", None)
    if path is not None and path.regex is not None:
        found.append((path.regex, ("path", "regex")))
    for field, group in (("headers", "headers"), ("metadata", "metadata")):
        for index, one in enumerate(getattr(match, group, None) or ()):
            if one.match is not None and one.match.regex is not None:
                found.append((one.match.regex, (field, index, "match", "regex")))
    for pattern, place in found:
        if reason := unusable(pattern):
            message = f"has the regular expression {pattern!r}: {reason}"
            yield Finding(BAD_REGEX, route.place(kind(route), "match", *place), route.id, message)


def unusable(pattern: str) -> str:
    """Why RE2 would refuse a pattern; empty if it would take it."""
    if found := _NOT_RE2.search(pattern):
        return f"RE2 has no {found.group()!r}"
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


def _reserved(route: Resource) -> Iterator[Finding]:
    match: Any = route.spec.body.match
    prefix, service = getattr(match, "prefix", None) or "", getattr(match, "service_name", None) or ""
    if prefix.startswith(("/aws-appmesh", "/aws-app-mesh")):
        place = route.place(kind(route), "match", "prefix")
        yield Finding(RESERVED, place, route.id, f"matches {prefix}, which App Mesh kept for itself")
    if service.startswith("aws.appmesh"):
        place = route.place(kind(route), "match", "serviceName")
        yield Finding(RESERVED, place, route.id, f"matches {service}, which App Mesh kept for itself")
