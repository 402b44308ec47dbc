"""Retry policies that don't do what their numbers say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.lint.model import Finding, Rule, View, events, kind, request_timeout, seconds, text
from chaosmesh.appmesh.resources import Resource

CUT_SHORT = Rule(
    "retries-cut-short",
    "warning",
    "The time for all tries together is longer than the request may take, so the last tries never happen",
    "raise timeout.perRequest to (maxRetries + 1) × perRetryTimeout, or lower one of the two",
)
PER_TRY_IDLE = Rule(
    "per-try-never-acts",
    "warning",
    "A single try may take as long as the whole request, so no try is ever given up for another one",
    "make perRetryTimeout a fraction of timeout.perRequest",
)
PER_TRY_LOST = Rule(
    "per-try-not-retried",
    "warning",
    "perRetryTimeout cuts a try, but no event of the policy makes it tried again",
    "add server-error or gateway-error to httpRetryEvents: they stand for resets too",
)
NO_EVENT = Rule(
    "retry-without-event",
    "warning",
    "A retry policy names no event, so nothing is ever tried again, not even what the hidden default would",
    "name the events to try again for, or delete the policy",
)
NEVER = Rule(
    "retry-never",
    "note",
    "A retry policy with maxRetries 0 switches retries off, the hidden default included",
    "leave it if that is meant; else raise maxRetries",
)
NOT_IDEMPOTENT = Rule(
    "retry-non-idempotent",
    "warning",
    "A request that changes something may be done twice: its method is retried after the server got it",
    "retry such a route only on connection-error and stream-error, or make the operation idempotent",
)
HIDDEN_NOT_IDEMPOTENT = Rule(
    "hidden-retry-non-idempotent",
    "note",
    "A route for a changing method has no retry policy, so App Mesh's hidden default retries it on 503 and resets",
    "write a policy with maxRetries 0, or one with connection-error and stream-error alone",
)
RULES = (CUT_SHORT, PER_TRY_IDLE, PER_TRY_LOST, NO_EVENT, NEVER, NOT_IDEMPOTENT, HIDDEN_NOT_IDEMPOTENT)

_CHANGING = {"POST", "PATCH"}
_SAFE_EVENTS = {"connection-error", "stream-error"}
_RESETTING = {"server-error", "gateway-error"}


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    for route in view.resources.routes.values():
        if kind(route) == "tcpRoute":
            continue
        policy = route.spec.body.retry_policy
        if policy is not None:
            yield from _numbers(route, policy)
            yield from _events(route, policy)
        elif view.hidden_retry and (method := _changing(route)):
            message = f"has no retry policy, so a {method} that met 503 or a reset is sent again"
            yield Finding(HIDDEN_NOT_IDEMPOTENT, route.where, route.id, message)


def _numbers(route: Resource, policy: Any) -> Iterator[Finding]:
    place = route.place(kind(route), "retryPolicy", "perRetryTimeout")
    each, whole = seconds(policy.per_retry_timeout) or 0.0, request_timeout(route)
    if policy.max_retries == 0:
        message = "has maxRetries 0: nothing is tried again"
        yield Finding(NEVER, route.place(kind(route), "retryPolicy", "maxRetries"), route.id, message)
        return
    if not each or not whole or not events(policy):
        return
    tries = policy.max_retries + 1
    if each >= whole:
        message = f"gives a try {text(each)}, the request {text(whole)}"
        yield Finding(PER_TRY_IDLE, place, route.id, message)
    elif each * tries > whole:
        message = (
            f"gives {tries} tries {text(each)} each, the request {text(whole)}: time for {int(whole // each)}"
        )
        yield Finding(CUT_SHORT, place, route.id, message)


def _events(route: Resource, policy: Any) -> Iterator[Finding]:
    found = set(events(policy))
    place = route.place(kind(route), "retryPolicy")
    if policy.max_retries and not found:
        yield Finding(NO_EVENT, place, route.id, f"has maxRetries {policy.max_retries} and no event")
    if not policy.max_retries or not found:
        return
    if policy.per_retry_timeout.value and not found & _RESETTING and kind(route) != "grpcRoute":
        message = (
            f"cuts a try after {text(policy.per_retry_timeout.seconds)}, but retries only {_list(found)}"
        )
        yield Finding(
            PER_TRY_LOST, route.place(kind(route), "retryPolicy", "perRetryTimeout"), route.id, message
        )
    risky = found - _SAFE_EVENTS
    if risky and (method := _changing(route)):
        yield Finding(NOT_IDEMPOTENT, place, route.id, f"retries {method} on {_list(risky)}")


def _changing(route: Resource) -> str:
    match = route.spec.body.match
    method = getattr(match, "method", None) or _method_header(match)
    return method if method in _CHANGING else ""


def _method_header(match: Any) -> str:
    for one in getattr(match, "headers", None) or ():
        if one.name.lower() == ":method" and one.match is not None and one.match.exact and not one.invert:
            return str(one.match.exact)
    return ""


def _list(found: set[str]) -> str:
    return ", ".join(sorted(found))
