"""Timeouts: just below the bound an answer passes, above it the call is cut, and not before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaosmesh.appmesh import Resource, Resources
from chaosmesh.checks.declared import Rule, seconds
from chaosmesh.checks.model import Check, Outcome, Seen, Skipped, answer_text, cut, done, every, not_before
from chaosmesh.checks.reach import Way, working
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
    way = working(resources, rule)
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


def idle_checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """The route's bound on silence, by an application that says nothing."""
    if not (rule.body.timeout and rule.body.timeout.idle):
        return
    name = f"{rule.route.id}/timeout.idle"
    way = working(resources, rule)
    reason = _not_silent(
        rule, rule.idle, [n for n in rule.nodes if 0 < rule.node_idles.get(n, 0.0) <= rule.idle]
    )
    if isinstance(way, str) or reason:
        yield Skipped(name, way if isinstance(way, str) else reason)
        return
    statement = f"{rule.route.name}: what says nothing for {rule.idle:g} s is ended"
    check = _check(name, rule.route, statement, way, rule, rule.idle, whole_call=True)
    tcp = rule.protocol == "tcp"
    yield (
        replace(check, basis="inferred", judge=_tcp_judge(rule.idle))
        if tcp
        else replace(check, basis="inferred")
    )


def _tcp_judge(bound: float) -> Callable[[Sequence[Seen]], Outcome]:
    return lambda seen: judge_silence(seen, bound)


def judge_silence(seen: Sequence[Seen], bound: float) -> Outcome:
    """A connection that says nothing lasts as long as the bound, and not much longer."""

    def right(call: Call) -> str:
        return "" if call.duration_ms <= bound * 1500 + 1000 else f"it lasted {call.duration_ms:.0f} ms"

    silent = [Seen(seen[0].calls, ())]
    lasted = [call.duration_ms for call in seen[0].calls]
    observed = {"lasted_ms": [round(min(lasted)), round(max(lasted))] if lasted else []}
    outcome = every(silent, right, expected={"lasted_ms": round(bound * 1000)}, observed=lambda _: observed)
    return not_before(outcome, lasted, bound * 1000)


def _not_silent(rule: Rule, bound: float, quicker: Sequence[str]) -> str:
    per_try = rule.retry.per_try if rule.retry else None
    sooner = [t for t in (rule.per_request, per_try, *(rule.node_timeouts[n] for n in rule.nodes)) if t]
    if not bound:
        return "0 switches it off: there is no bound to reach"
    if quicker:
        return f"the listener of {quicker[0]} ends silence sooner"
    if rule.protocol != "tcp" and sooner and min(sooner) <= bound:
        return f"a timeout of {min(sooner):g} s ends the request before {bound:g} s of silence"
    return ""


def listener_idle_checks(
    resources: Resources, node: Resource, rules: Sequence[Rule]
) -> Iterator[Check | Skipped]:
    """The bound of a node's listener on silence."""
    for listener in node.spec.listeners or ():
        kind, timeout = listener.timeout.member if listener.timeout else ("", None)
        if timeout is None or timeout.idle is None:
            continue
        name, bound = (
            f"{node.id}/listeners.{listener.port_mapping.port}.timeout.{kind}.idle",
            timeout.idle.seconds,
        )
        reason = "no route leads to it alone"
        for rule in rules:
            way = working(resources, rule) if rule.nodes == (node.name,) else reason
            if isinstance(way, str) or (why := _not_silent(rule, bound, ())) or 0 < rule.idle <= bound:
                reason = (
                    way
                    if isinstance(way, str)
                    else why or "the idle timeout of its route ends silence sooner"
                )
                continue
            statement = f"{node.name}: an application that says nothing for {bound:g} s is not waited for"
            check = _check(name, node, statement, way, rule, bound, whole_call=False)
            tcp = rule.protocol == "tcp"
            yield (
                replace(check, basis="inferred", judge=_tcp_judge(bound))
                if tcp
                else replace(check, basis="inferred")
            )
            break
        else:
            yield Skipped(name, reason)


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
        way = working(resources, rule)
        per_try = rule.retry.per_try if rule.retry else None
        idle = rule.node_idles.get(node.name, 0.0)
        shorter = min((t for t in (rule.per_request, rule.idle, per_try, idle) if t), default=None)
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
    silences = [t for t in (rule.idle, *(rule.node_idles.get(n, 0.0) for n in rule.nodes)) if t]
    if silences and min(silences) < bound:
        return f"an idle timeout of {min(silences):g} s ends what says nothing, before {bound:g} s"
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
