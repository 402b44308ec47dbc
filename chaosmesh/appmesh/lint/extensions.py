"""Fallbacks and retry budgets of the scenario that can't do what they are there for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from chaosmesh.appmesh.extensions import problems_of
from chaosmesh.appmesh.fallbacks import stands_in_for
from chaosmesh.appmesh.lint.model import Finding, Rule, View, kind, listener
from chaosmesh.appmesh.lint.upstream import one_host
from chaosmesh.appmesh.resources import Resource
from chaosmesh.documents.scenario import Scenario
from chaosmesh.mesh import Fallback

DANGLING = Rule(
    "dangling-extension",
    "error",
    "A fallback or a retry budget of the scenario fits nothing in the documents",
    "name a route, a service or a node of the documents that fits",
)
ITSELF = Rule(
    "fallback-to-itself",
    "error",
    "A fallback is the very node that the route calls already, so nobody stands in",
    "name another node",
)
CIRCLE = Rule(
    "fallback-needs-primary",
    "warning",
    "A fallback calls the service for which it stands in, so it fails when that does",
    "take that backend away from the fallback, or name a node that does without it",
)
NO_TRIGGER = Rule(
    "fallback-without-trigger",
    "warning",
    "A fallback waits for something that can't happen, so it is never asked",
    "bring about what `when` names, or name what does happen",
)
NO_ROOM = Rule(
    "budget-below-retries",
    "warning",
    "A retry budget rounds down to no retry at all while few calls are in flight",
    "set at_least to 1 or more",
)
UNUSED = Rule(
    "budget-unused",
    "note",
    "Nobody whom a retry budget is for ever tries a call again",
    "take the budget away, or write a retry policy",
)
RULES = (DANGLING, ITSELF, CIRCLE, NO_TRIGGER, NO_ROOM, UNUSED)


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file; none without a scenario."""
    scenario = view.scenario
    if scenario is None or not (scenario.fallbacks or scenario.retry_budgets):
        return
    same = list(_same(view, scenario))
    yield from same
    told = {one.where for one in same}
    for problem in problems_of(view.resources, scenario):
        if problem.where not in told:
            hint = f"; {problem.hint}" if problem.hint else ""
            yield Finding(DANGLING, problem.where, "scenario", problem.message + hint)
    yield from _fallbacks(view, scenario)
    yield from _budgets(view, scenario)


def _same(view: View, scenario: Scenario) -> Iterator[Finding]:
    """Fallbacks that are all that their routes call."""
    for index, one in enumerate(scenario.fallbacks):
        arms = stands_in_for(view.resources, one.route)
        nodes = {node for found in arms.values() for node in found}
        if nodes == {one.to}:
            place = scenario.place("fallbacks", index, "to")
            owner = next(iter(arms))
            yield Finding(ITSELF, place, owner, f"is called already: {one.to} can't stand in for itself")


def _fallbacks(view: View, scenario: Scenario) -> Iterator[Finding]:
    places = {scenario.place("fallbacks", index): index for index in range(len(scenario.fallbacks))}
    told: set[tuple[int, str]] = set()
    for one in view.added:
        if one.field != "fallback":
            continue
        index = places[one.where]
        written = scenario.fallbacks[index]
        for finding in _circle(view, one.resource, one.value, scenario, index):
            if (index, finding.rule.id) not in told:
                told.add((index, finding.rule.id))
                yield finding
        if "when" not in written.model_fields_set:
            continue
        place = scenario.place("fallbacks", index, "when")
        for word in written.when:
            if why := _never(view, one.resource, one.value, word):
                yield Finding(NO_TRIGGER, place, one.resource.id, f"has a fallback when {word}, but {why}")


def _circle(
    view: View, owner: Resource, fallback: Fallback, scenario: Scenario, index: int
) -> Iterator[Finding]:
    node = view.resources.virtual_nodes[fallback.target.workload]
    services = [owner.name] if owner.kind == "virtualService" else view.services_of(owner.parent or "")
    for service in services:
        if service in _below(view, node):
            place = scenario.place("fallbacks", index, "to")
            yield Finding(CIRCLE, place, owner.id, f"falls back to {node.name}, which calls {service}")


def _below(view: View, node: Resource) -> set[str]:
    """Services that a node calls, and those that the nodes behind them call."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for service in view.called(waiting.pop()):
            if service not in found:
                found.add(service)
                waiting.extend(view.nodes_behind(service))
    return found


def _never(view: View, owner: Resource, fallback: Fallback, word: str) -> str:
    """Why an occasion never comes; "" if it may."""
    if word == "failing":
        policy = None if owner.kind == "virtualService" else getattr(owner.spec.body, "retry_policy", None)
        if owner.kind != "virtualService" and kind(owner) == "tcpRoute":
            return "a connection is never tried again"
        return "maxRetries is 0" if policy is not None and policy.max_retries == 0 else ""
    if word not in ("ejected", "unhealthy"):
        return ""
    own = [arm for arm in _arms(view, owner) if arm[0].name != fallback.target.workload]
    reasons = [_no_ejection(view, *arm) if word == "ejected" else _no_check(*arm) for arm in own]
    return reasons[0] if reasons and all(reasons) else ""


def _arms(view: View, owner: Resource) -> list[tuple[Resource, Any]]:
    if owner.kind == "virtualService":
        node = view.provider_node(owner.name)
        return [(node, listener(node, None))] if node else []
    return [(arm.node, arm.listener) for arm in view.arms(owner) if arm.node and arm.listener]


def _no_ejection(view: View, node: Resource, one: Any) -> str:
    rule = one.outlier_detection
    if rule is None:
        return f"{node.name} has no outlierDetection"
    copies = view.copies(node, 1 if one_host(node) else 2)
    if max(1, copies * rule.max_ejection_percent // 100) < copies:
        percent = f"maxEjectionPercent {rule.max_ejection_percent}"
        return f"{percent} leaves one of the {copies} copies of {node.name} in service"
    return ""


def _no_check(node: Resource, one: Any) -> str:
    return "" if one.health_check is not None else f"{node.name} has no healthCheck"


def _budgets(view: View, scenario: Scenario) -> Iterator[Finding]:
    for index, written in enumerate(scenario.retry_budgets):
        where = scenario.place("retry_budgets", index)
        for one in view.added:
            if one.field != "retryBudget" or one.where != where:
                continue
            if not written.at_least:
                few = math.ceil(100 / written.percent)
                message = f"allows no retry while fewer than {few} calls are in flight ({written.percent:g} %, at_least 0)"
                place = scenario.place("retry_budgets", index, "at_least")
                yield Finding(NO_ROOM, place, one.id, message)
            if not any(_retried(view, budget.workload, budget.client) for budget in one.value):
                yield Finding(UNUSED, where, one.id, f"bounds retries to {written.to}, but there are none")


def _retried(view: View, node: str, client: str | None) -> bool:
    """Whether a client may try a call to a node again."""
    for service, clients in view.callers.items():
        if client is not None and client not in {one.name for one in clients}:
            continue
        if any(one.name == node for one in view.nodes_behind(service)) and view.tries(service, node) > 1:
            return True
    return False
