"""Fallbacks and retry budgets that a scenario adds: who answers for a target that fails, or that is down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.clauses import Declared
from chaosmesh.appmesh.extensions import declared
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.model import Check, Outcome, Seen, Skipped, done, every
from chaosmesh.checks.reach import Way, reachable
from chaosmesh.checks.retries import steer
from chaosmesh.documents.scenario import Scenario
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Call
from chaosmesh.mesh import Fallback

COUNT = 6
DOWN = 120
"""Calls to an edge that is down, at RATE: a sidecar may need a look or two before it knows."""
RATE = 20.0
SETTLED = 20
"""The last of them, by when it must know."""

SLOW_WORDS = (
    "it moves calls only while every replica is {}: an experiment can wait for that, a check does not"
)


def checks(resources: Resources, scenario: Scenario, found: Sequence[Rule]) -> Iterator[Check | Skipped]:
    """What each fallback and each retry budget of the scenario promises."""
    by_route = {rule.route.id: rule for rule in found}
    for one in declared(resources, scenario):
        if one.field == "retryBudget":
            reason = "what it allows depends on the calls in flight: claim attempts in an experiment"
            yield Skipped(one.id, reason)
        elif (rule := by_route.get(one.resource.id)) is None:
            yield Skipped(one.id, "a node provides the service itself: no route leads to it")
        elif rule.protocol == "tcp":
            yield Skipped(one.id, "nothing tells which connection was made for which other")
        else:
            yield from _words(resources, one, rule)


def guarded(resources: Resources, scenario: Scenario) -> Mapping[str, str]:
    """Nodes that somebody answers for while they fail, each with who does."""
    found: dict[str, str] = {}
    for one in declared(resources, scenario):
        body = one.resource.spec.body if one.resource.kind == "route" else None
        if one.field == "fallback" and body is not None:
            to = one.value.target.workload
            found |= {arm.virtual_node: to for arm in body.action.weighted_targets if arm.virtual_node != to}
        elif one.field == "fallback":
            provider: Any = one.resource.spec.provider
            found[provider.virtual_node.virtual_node_name] = one.value.target.workload
    return found


def hidden_by(check: Check, guards: Mapping[str, str], behind: Mapping[str, Sequence[str]]) -> str | None:
    """Why a check that makes a node fail would meet its fallback instead; None if it would not.

    `behind`: the nodes of each service, for probes that cut an edge.
    """
    if check.id.partition("/fallback")[1]:
        return None
    for probe in check.probes:
        failing = {part.partition("=")[0].partition(".")[0] for part in probe.standin.split(",") if part}
        failing |= {act.node for act in probe.acts}
        failing |= set(behind.get(probe.service, ())) if probe.down else set()
        for node in sorted(failing & guards.keys()):
            return (
                f"{guards[node]} answers for {node} when it fails: it shows without the scenario's fallback"
            )
    return None


def _words(resources: Resources, one: Declared, rule: Rule) -> Iterator[Check | Skipped]:
    fallback: Fallback = one.value
    tried = [word for word in ("failing", "down") if word in fallback.when]
    for word in sorted(fallback.when - {"failing", "down"}):
        yield Skipped(f"{one.id}.when.{word}" if tried else one.id, SLOW_WORDS.format(word))
    way = reachable(resources, rule)
    if isinstance(way, str):
        yield Skipped(one.id, way)
        return
    for number, word in enumerate(tried):
        make = _failing if word == "failing" else _down
        yield make(f"{one.id}.when.{word}" if number else one.id, rule, fallback, way)


def _failing(name: str, rule: Rule, fallback: Fallback, way: Way) -> Check:
    to = fallback.target.workload
    own = [node for node in rule.nodes if node != to]
    words = "grpc:14" if rule.protocol == "grpc" else "status:503"
    return Check(
        name,
        rule.route,
        f"{rule.route.name}: {to} answers for an attempt that fails, and is not asked while none does",
        "inferred",
        (way.probe(COUNT, standin=steer(own, words)), way.probe(COUNT)),
        lambda seen: judge_failing(seen, to),
    )


def judge_failing(seen: Sequence[Seen], to: str) -> Outcome:
    """Of the first probe's calls each failed attempt is followed by one of `to`; the others never meet it."""
    failing = {call.request_id for call in seen[0].calls}

    def right(call: Call) -> str:
        servers = [one.server for one in call.attempts]
        if not done(call):
            return f"ends in {call.status} after attempts at {', '.join(servers) or 'nobody'}"
        if servers[:1] == [to] and len(servers) == 1:
            return ""  # `to` is one of the route's own targets too
        wanted = [to] if call.request_id in failing else []
        return "" if servers[1:] == wanted else f"attempts at {', '.join(servers)}"

    return every(seen, right, expected={"answered_by": to}, observed=_answered)


def _down(name: str, rule: Rule, fallback: Fallback, way: Way) -> Check:
    to = fallback.target.workload
    return Check(
        name,
        rule.route,
        f"{rule.route.name}: {to} answers while nothing else listens",
        "inferred",
        (way.probe(DOWN, down=True, rate=RATE),),
        lambda seen: judge_down(seen, to),
    )


def judge_down(seen: Sequence[Seen], to: str) -> Outcome:
    """At last every call is answered by `to`; those before it was known that nobody listens may fail."""
    calls = sorted((call for one in seen for call in one.calls), key=lambda call: call.start_ns)
    late = {call.request_id for call in calls[-SETTLED:]}

    def right(call: Call) -> str:
        last = call.attempts[-1].server if call.attempts else ""
        if call.request_id not in late or (done(call) and last == to):
            return ""
        return f"ends in {call.status}, last asked: {last or 'nobody'}"

    outcome = every(seen, right, expected={"answered_by": to}, observed=_answered)
    if outcome.verdict is Verdict.PASS and len(calls) < SETTLED:
        return Outcome(
            Verdict.INVALID, f"only {len(calls)} calls", outcome.observed, outcome.expected, len(calls)
        )
    return outcome


def _answered(calls: Sequence[Call]) -> Mapping[str, Any]:
    last = Counter(call.attempts[-1].server for call in calls if call.attempts and done(call))
    return {
        "answered_by": dict(sorted(last.items())),
        "failed": sum(not done(c) for c in calls),
    }
