"""All checks of a policy, and for every rule without one the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from chaosmesh.appmesh import Resources, clauses
from chaosmesh.checks import (
    egress,
    fallback,
    gateways,
    logs,
    match,
    pools,
    priority,
    retries,
    secured,
    timeouts,
    weights,
    wiring,
)
from chaosmesh.checks import replicas as replicas_of
from chaosmesh.checks.declared import Rule, rules
from chaosmesh.checks.model import Check, Skipped
from chaosmesh.checks.quiet import Quiet, nodes_behind
from chaosmesh.documents.scenario import Scenario

NO_CHECK = "no check for this kind of rule yet"

QUICK = 4.0
"""Seconds that a check may take in a quick run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`clauses` counts the rules that the documents hold."""

    checks: tuple[Check, ...]
    skipped: tuple[Skipped, ...]
    clauses: int


def plan(
    resources: Resources,
    *,
    profile: str,
    alpha: float,
    quick: bool = False,
    replicas: Mapping[str, int] | None = None,
    scenario: Scenario | None = None,
) -> Plan:
    """What to try for these documents, and for what a scenario adds to them. `alpha` is each claim's share of the error budget, `quick` leaves out
    what takes more than a few seconds to see. `replicas`: how many copies of each node run (1 where it isn't told)."""
    found = rules(resources, hidden_retry=profile == "appmesh")
    checks: dict[str, Check] = {}
    skipped: dict[str, Skipped] = {}
    added = fallback.checks(resources, scenario, found) if scenario else ()
    for one in (*_all(resources, found, alpha, replicas or {}), *added):
        if isinstance(one, Check) and quick and one.seconds > QUICK:
            skipped.setdefault(
                one.id, Skipped(one.id, f"takes about {one.seconds:.0f} s: left out of a quick run")
            )
        elif isinstance(one, Check):
            checks.setdefault(one.id, one)
        else:
            skipped.setdefault(one.id, one)
    guards = fallback.guarded(resources, scenario) if scenario else {}
    behind = {name: nodes_behind(resources, name) for name in resources.virtual_services} if guards else {}
    for name, check in list(checks.items()):
        if (why := fallback.hidden_by(check, guards, behind)) is not None:
            skipped[name] = Skipped(name, why)
            del checks[name]
    declared = clauses(resources, scenario)
    for clause in declared:
        if clause.id not in checks:
            skipped.setdefault(clause.id, Skipped(clause.id, NO_CHECK))
    places = {clause.id: clause.where for clause in declared}
    quiet = Quiet(resources)
    settled = {one.id: quiet.settled(one) for one in checks.values()}
    for name, one in list(settled.items()):
        if ".connectionPool." not in name and (why := quiet.overfull(one)) is not None:
            skipped[name] = Skipped(name, why)
            del settled[name], checks[name]
    open_ = tuple(one for name, one in skipped.items() if name not in settled)
    placed = tuple(replace(one, where=places.get(one.id)) for one in settled.values())
    return Plan(placed, open_, len(declared))


def _all(
    resources: Resources, found: list[Rule], alpha: float, replicas: Mapping[str, int]
) -> Iterator[Check | Skipped]:
    for rule in found:
        yield from match.checks(resources, rule)
        yield from priority.checks(resources, rule, found)
        yield from weights.checks(resources, rule, alpha)
        yield from retries.checks(resources, rule)
        yield from timeouts.route_checks(resources, rule)
        yield from timeouts.idle_checks(resources, rule)
    ways = wiring.Ways(resources, found)
    for node in resources.virtual_nodes.values():
        yield from replicas_of.checks(ways, node, replicas)
        yield from timeouts.listener_checks(resources, node, found)
        yield from timeouts.listener_idle_checks(resources, node, found)
        yield from wiring.node_checks(ways, node)
        yield from pools.checks(ways, node, replicas)
        yield from secured.listener_checks(ways, node)
        yield from secured.client_checks(ways, node)
        yield from logs.checks(ways, node, {})
    for router in resources.virtual_routers.values():
        yield from wiring.router_checks(ways, router)
    for service in resources.virtual_services.values():
        yield from wiring.service_checks(ways, service)
    for gateway in resources.virtual_gateways.values():
        entered = gateways.entries(resources, gateway)
        yield from gateways.checks(resources, gateway)
        yield from pools.gateway_checks(ways, gateway, entered)
        yield from secured.listener_checks(ways, gateway)
        yield from secured.client_checks(ways, gateway)
        yield from logs.checks(ways, gateway, entered)
    yield from egress.egress_check(resources)
