"""Timeouts that another timeout makes pointless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.lint.model import (
    DEFAULT_TIMEOUT,
    Finding,
    Rule,
    View,
    kind,
    listener_timeout,
    longer,
    request_timeout,
    seconds,
    text,
)
from chaosmesh.appmesh.resources import Resource

CAPPED = Rule(
    "node-timeout-caps-route",
    "warning",
    "A route lets a request take longer than the listener of its target does, so the listener decides",
    "write the same perRequest on the listener of every target: above 15 s both sides have to say so",
)
PROVIDER = Rule(
    "node-provider-timeout",
    "warning",
    "A node that provides a service itself can't be waited for longer than 15 s, whatever its listener says",
    "put a virtual router with a route between the service and the node, and write the timeout on the route",
)
IDLE = Rule(
    "idle-below-request",
    "warning",
    "The idle timeout is shorter than the request timeout, so a slow answer is cut as idle",
    "make idle at least as long as perRequest",
)
DEADLINES = Rule(
    "deadline-inverted",
    "warning",
    "A call further down the chain may take longer than the caller above it waits: work that nobody is waiting for",
    "shorten the inner route's timeout.perRequest below the outer one's, or lengthen the outer one's",
)
RULES = (CAPPED, PROVIDER, IDLE, DEADLINES)


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for route in view.resources.routes.values():
        if kind(route) != "tcpRoute":
            yield from _capped(view, route)
            yield from _idle(route, route.spec.body.timeout, (kind(route), "timeout"))
    for node in view.resources.virtual_nodes.values():
        for index, one in enumerate(node.spec.listeners or ()):
            if one.timeout is not None and one.timeout.member[0] != "tcp":
                name, member = one.timeout.member
                yield from _idle(node, member, ("listeners", index, "timeout", name))
    yield from _providers(view)
    yield from _deadlines(view)


def _capped(view: View, route: Resource) -> Iterator[Finding]:
    written = route.spec.body.timeout
    if written is None or written.per_request is None:
        return
    asked = request_timeout(route)
    place = route.place(kind(route), "timeout", "perRequest")
    for arm in view.arms(route):
        if arm.node is None or arm.listener is None or not arm.written.weight:
            continue
        found = listener_timeout(arm.listener)
        limit = found[1] if found else DEFAULT_TIMEOUT
        if longer(asked, limit):
            whose = "" if found else " (App Mesh's default)"
            message = (
                f"allows {text(asked)}, but the listener of {arm.node.name} cuts after {text(limit)}{whose}"
            )
            yield Finding(CAPPED, place, route.id, message)


def _providers(view: View) -> Iterator[Finding]:
    for name in view.resources.virtual_services:
        node = view.provider_node(name)
        for index, one in enumerate((node.spec.listeners or ()) if node else ()):
            found = listener_timeout(one)
            if node is not None and found is not None and longer(found[1], DEFAULT_TIMEOUT):
                message = f"allows {text(found[1])}, but provides {name} without a route: callers wait 15 s"
                place = node.place("listeners", index, "timeout", found[0], "perRequest")
                yield Finding(PROVIDER, place, node.id, message)


def _idle(owner: Resource, written: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if written is None or written.idle is None:
        return
    idle, whole = seconds(written.idle) or 0.0, seconds(written.per_request, DEFAULT_TIMEOUT) or 0.0
    if idle and longer(whole, idle):
        message = f"cuts after {text(idle)} of silence, a request may take {text(whole)}"
        yield Finding(IDLE, owner.place(*path, "idle"), owner.id, message)


def _deadlines(view: View) -> Iterator[Finding]:
    """Each pair of calls in a row: the outer waits less than the inner may take."""
    for service in view.resources.virtual_services:
        for outer in _routes(view, service):
            limit = request_timeout(outer)
            for arm in view.arms(outer):
                if arm.node is not None and arm.written.weight:
                    yield from _below(view, outer, limit, arm.node)


def _below(view: View, outer: Resource, limit: float, node: Resource) -> Iterator[Finding]:
    for service in view.called(node):
        for inner in _routes(view, service):
            bound = request_timeout(inner)
            if longer(bound, limit):
                message = (
                    f"may take {text(bound)} for {node.name}, whose own caller waits {text(limit)} "
                    f"(route {outer.name})"
                )
                place = inner.place(kind(inner), "timeout", "perRequest")
                yield Finding(DEADLINES, place, inner.id, message)


def _routes(view: View, service: str) -> list[Resource]:
    router = view.router(service)
    found = view.routes(router.name) if router else []
    return [one for one in found if kind(one) != "tcpRoute"]
