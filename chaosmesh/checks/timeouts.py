"""Timeouts: just below the bound an answer passes, above it the call is cut, and not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.checks.declared import Rule, seconds
from chaosmesh.checks.model import Check, Outcome, Seen, Skipped, answer_text, cut, done, every, not_before
from chaosmesh.checks.reach import Way, reachable
from chaosmesh.checks.retries import steer
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Attempt, Call

COUNT = 3
BELOW = 0.8
"""Part of the bound that an answer may take for certain: a busy host adds to it."""


def route_checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """The route's bound on a request, written or the 15 s that hold where nothing is."""
    if rule.protocol == "tcp":
        return
    name = f"{rule.route.id}/timeout.perRequest"
    written = bool(rule.body.timeout and rule.body.timeout.per_request)
    way = reachable(resources, rule)
    if isinstance(way, str) or not rule.per_request:
        yield Skipped(name, way if isinstance(way, str) else "0 switches it off: there is no bound to reach")
        return
    if (why := _never_reached(rule)) is not None:
        yield Skipped(name, why)
        return
    origin = "as written" if written else "the default where none is written"
    yield _check(
        name,
        rule.route,
        f"{rule.route.name}: a request is cut after {rule.per_request:g} s ({origin})",
        way,
        rule,
        rule.per_request,
        whole_call=True,
    )


def listener_checks(resources: Resources, node: Resource, rules: Sequence[Rule]) -> Iterator[Check | Skipped]:
    """The bound of a node's listener on what its own application takes, seen from a caller."""
    spec: Any = node.spec
    for listener in spec.listeners or ():
        kind, timeout = listener.timeout.member if listener.timeout else ("", None)
        written = getattr(timeout, "per_request", None)
        if written is None:
            continue
        name = f"{node.id}/listeners.{listener.port_mapping.port}.timeout.{kind}.perRequest"
        bound = seconds(written) or 0.0
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
        way = reachable(resources, rule)
        per_try = rule.retry.per_try if rule.retry else None
        shorter = min((t for t in (rule.per_request, per_try) if t), default=None)
        if isinstance(way, str):
            reason = way
        elif shorter is not None and shorter <= bound:
            reason = f"{rule.route.name} cuts at {shorter:g} s, before {bound:g} s"
        else:
            statement = f"{node.name}: its sidecar waits {bound:g} s for the application"
            return _check(name, node, statement, way, rule, bound, whole_call=False)
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
    way: Way,
    rule: Rule,
    bound: float,
    *,
    whole_call: bool,
) -> Check:
    patience = bound * 2 + 10
    words = "hang" if whole_call else "hang;attempts:1"
    probes = [way.probe(COUNT, standin=steer(rule.nodes, words), timeout=patience, wait=bound)]
    per_try = rule.retry.per_try if rule.retry else None
    below = bound * BELOW
    if per_try is None or per_try > below:
        standin = steer(rule.nodes, f"delay_ms:{round(below * 1000)}")
        probes.append(way.probe(COUNT, standin=standin, timeout=patience, wait=below))
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

    def seen_at(call: Call) -> Call | Attempt:
        return call if whole_call or not call.attempts else call.attempts[0]

    def cuts_of(calls: Iterable[Call]) -> list[float]:
        return [one.duration_ms for one in map(seen_at, calls) if cut(one)]

    def right(call: Call) -> str:
        one = seen_at(call)
        if cut(one):
            return ""
        if call.request_id in hung:
            return f"not cut: {answer_text(one)} after {one.duration_ms:.0f} ms"
        text = f"{answer_text(one)} after {one.duration_ms:.0f} ms although it took less than the bound"
        return "" if done(one) else text

    def observed(calls: Sequence[Call]) -> Mapping[str, Any]:
        found = cuts_of(calls)
        return {
            "cut_ms": [round(min(found)), round(max(found))] if found else [],
            "passed": len(calls) - len(found),
        }

    outcome = every(seen, right, expected={"cut_ms": round(bound_ms)}, observed=observed)
    outcome = not_before(outcome, cuts_of(c for one in seen for c in one.calls), bound_ms)
    late = [c for c in map(seen_at, seen[0].calls) if c.duration_ms > bound_ms * 1.5 + 1000]
    disturbed = cuts_of(c for one in seen[1:] for c in one.calls)
    if outcome.verdict is Verdict.PASS and (late or len(disturbed) > COUNT // 2):
        reason = (
            "the host was too busy: cuts came late"
            if late
            else "the host was too busy: no answer came below the bound"
        )
        return Outcome(Verdict.INVALID, reason, outcome.observed, outcome.expected, outcome.n)
    return outcome
