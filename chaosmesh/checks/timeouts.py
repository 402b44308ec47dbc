"""Timeouts: just below the bound an answer passes, above it the call is cut, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.checks.declared import Rule, seconds
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped, every, not_before
from chaosmesh.checks.reach import reachable
from chaosmesh.checks.retries import steer
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Call

COUNT = 3
BELOW = 0.8
"""Part of the bound that an answer may take for certain: a busy host adds to it."""


def route_checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """The route's bound on a request, written or the 15 s that hold where nothing is."""
    name = f"{rule.route.id}/timeout.perRequest"
    written = bool(rule.body.timeout and rule.body.timeout.per_request)
    at = reachable(resources, rule)
    if isinstance(at, str) or not rule.per_request:
        yield Skipped(name, at if isinstance(at, str) else "0 switches it off: there is no bound to reach")
        return
    if (why := _never_reached(rule)) is not None:
        yield Skipped(name, why)
        return
    origin = "as written" if written else "the default where none is written"
    yield _check(
        name,
        rule.route,
        f"{rule.route.name}: a request is cut after {rule.per_request:g} s ({origin})",
        at,
        rule,
        rule.per_request,
        whole_call=True,
    )


def listener_checks(resources: Resources, node: Resource, rules: Sequence[Rule]) -> Iterator[Check | Skipped]:
    """The bound of a node's listener on what its own application takes, seen from a caller."""
    spec: Any = node.spec
    for listener in spec.listeners or ():
        http = listener.timeout and (listener.timeout.http or listener.timeout.http2)
        if not http or http.per_request is None:
            continue
        port, protocol = listener.port_mapping.port, listener.port_mapping.protocol
        name = f"{node.id}/listeners.{port}.timeout.{protocol}.perRequest"
        bound = seconds(http.per_request) or 0.0
        if not bound:
            yield Skipped(name, "0 switches it off: there is no bound to reach")
            continue
        yield _listener_check(resources, node, rules, name, bound)


def _listener_check(
    resources: Resources, node: Resource, rules: Sequence[Rule], name: str, bound: float
) -> Check | Skipped:
    reason = "no route leads to it"
    for rule in rules:
        if rule.nodes != (node.name,):
            continue
        at = reachable(resources, rule)
        per_try = rule.retry.per_try if rule.retry else None
        shorter = min((t for t in (rule.per_request, per_try) if t), default=None)
        if isinstance(at, str):
            reason = at
        elif shorter is not None and shorter <= bound:
            reason = f"{rule.route.name} cuts at {shorter:g} s, before {bound:g} s"
        else:
            statement = f"{node.name}: its sidecar waits {bound:g} s for the application"
            return _check(name, node, statement, at, rule, bound, whole_call=False)
    return Skipped(name, reason)


def _never_reached(rule: Rule) -> str | None:
    bound = rule.per_request
    for node, limit in rule.node_timeouts.items():
        if node in rule.nodes and 0 < limit < bound:
            return f"the listener of {node} cuts at {limit:g} s, before {bound:g} s"
    retry = rule.retry
    if retry is not None and retry.per_try and retry.per_try < bound:
        longest = retry.per_try * (retry.max_retries + 1 if retry.on_reset else 1)
        if longest <= bound:
            return f"all tries together end after {longest:g} s (perRetryTimeout), before {bound:g} s"
    return None


def _check(
    name: str,
    resource: Resource,
    statement: str,
    at: tuple[str, str, Shape],
    rule: Rule,
    bound: float,
    *,
    whole_call: bool,
) -> Check:
    client, service, shape = at
    patience = bound * 2 + 10
    words = "hang" if whole_call else "hang;attempts:1"
    probes = [
        Probe(client, service, shape, COUNT, standin=steer(rule.nodes, words), timeout=patience, wait=bound)
    ]
    per_try = rule.retry.per_try if rule.retry else None
    below = bound * BELOW
    if per_try is None or per_try > below:
        standin = steer(rule.nodes, f"delay_ms:{round(below * 1000)}")
        probes.append(Probe(client, service, shape, COUNT, standin=standin, timeout=patience, wait=below))
    return Check(
        name,
        resource,
        statement,
        "documented",
        tuple(probes),
        lambda seen: _judge(seen, bound, whole_call=whole_call),
    )


def _judge(seen: Sequence[Seen], bound: float, *, whole_call: bool) -> Outcome:
    """Cut at the bound, never before. A cut far too late says that the host was busy, not what the policy does."""
    bound_ms = bound * 1000
    hung = {call.request_id for call in seen[0].calls}

    def took(call: Call) -> tuple[float, int]:
        if whole_call or not call.attempts:
            return call.duration_ms, call.status
        return call.attempts[0].duration_ms, call.attempts[0].status

    def right(call: Call) -> str:
        duration, status = took(call)
        if status == 504:
            return ""
        if call.request_id in hung:
            return f"not cut: {status} after {duration:.0f} ms"
        return (
            "" if status == 200 else f"{status} after {duration:.0f} ms although it took less than the bound"
        )

    def observed(calls: Sequence[Call]) -> Mapping[str, Any]:
        cut = [took(c)[0] for c in calls if took(c)[1] == 504]
        return {"cut_ms": [round(min(cut)), round(max(cut))] if cut else [], "passed": len(calls) - len(cut)}

    outcome = every(seen, right, expected={"cut_ms": round(bound_ms)}, observed=observed)
    cuts = [took(c)[0] for one in seen for c in one.calls if took(c)[1] == 504]
    outcome = not_before(outcome, cuts, bound_ms)
    late = [took(c)[0] for c in seen[0].calls if took(c)[0] > bound_ms * 1.5 + 1000]
    disturbed = [c for one in seen[1:] for c in one.calls if took(c)[1] == 504]
    if outcome.verdict is Verdict.PASS and (late or len(disturbed) > COUNT // 2):
        reason = (
            "the host was too busy: cuts came late"
            if late
            else "the host was too busy: no answer came below the bound"
        )
        return Outcome(Verdict.INVALID, reason, outcome.observed, outcome.expected, outcome.n)
    return outcome
