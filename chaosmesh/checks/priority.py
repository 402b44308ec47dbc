"""Route priority: of two routes that both match, the one with the smaller number is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chaosmesh.appmesh import Resources
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.match import routes_taken, shape_text
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped, every
from chaosmesh.checks.shapes import example

COUNT = 5


def checks(resources: Resources, rule: Rule, rivals: Sequence[Rule]) -> Iterator[Check | Skipped]:
    """A check where a rival route of the same service matches the same request; else nothing is decided by it."""
    if rule.route.spec.priority is None:
        return
    name = f"{rule.route.id}/priority"
    if not rule.callers:
        yield Skipped(name, "no node has it as a backend")
        return
    contest = _contest(resources, rule, rivals)
    if contest is None:
        yield Skipped(name, "no other route matches the same requests: the number decides nothing")
        return
    rival, shape = contest
    client, service = rule.callers[0]
    winner = expected_route(resources, service, shape)
    yield Check(
        name,
        rule.route,
        f"{shape_text(shape)} matches {rule.route.name} and {rival.route.name}: {winner} takes it",
        "documented",
        (Probe(client, service, shape, COUNT),),
        lambda seen: _judge(seen, winner),
    )


def _contest(resources: Resources, rule: Rule, rivals: Sequence[Rule]) -> tuple[Rule, Shape] | None:
    """A rival and a request that both would take, were each alone."""
    service = rule.callers[0][1]
    mine = example(rule.body.match)
    for rival in rivals:
        if rival.route.id == rule.route.id or rival.route.parent != rule.route.parent:
            continue
        theirs = example(rival.body.match)
        for shape, other in ((mine, rival), (theirs, rule)):
            if shape is None:
                continue
            alone = replace(resources, routes={(other.route.parent or "", other.route.name): other.route})
            if expected_route(alone, service, shape) == other.route.name:
                return rival, shape
    return None


def _judge(seen: Sequence[Seen], winner: str) -> Outcome:
    return every(
        seen,
        lambda call: "" if call.route == winner else f"went by {call.route or call.status}, not {winner}",
        expected={"route": winner},
        observed=routes_taken,
    )
