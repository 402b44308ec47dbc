"""Route priority: of two routes that both match, the one with the smaller number is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chaosmesh.appmesh import Resources
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.match import routes_taken, shape_text
from chaosmesh.checks.model import Check, Outcome, Seen, Shape, Skipped, every
from chaosmesh.checks.reach import Way, ports_for
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
    rival, way = contest
    shape, winner = way.shape, expected_route(resources, way.service, way.shape, way.port)
    yield Check(
        name,
        rule.route,
        f"{'a connection' if shape.protocol == 'tcp' else shape_text(shape)} matches {rule.route.name} and {rival.route.name}: {winner} takes it",
        "documented",
        (way.probe(COUNT),),
        lambda seen: _judge(seen, winner),
    )


def _contest(resources: Resources, rule: Rule, rivals: Sequence[Rule]) -> tuple[Rule, Way] | None:
    """A rival and a request that both would take, were each alone."""
    client, service = rule.callers[0]
    mine = example(rule.body.match, rule.protocol)
    for rival in rivals:
        if rival.route.id == rule.route.id or rival.route.parent != rule.route.parent:
            continue
        for shape, owner, other in (
            (mine, rule, rival),
            (example(rival.body.match, rival.protocol), rival, rule),
        ):
            for port in ports_for(resources, service, owner) if shape else ():
                if shape and _takes(resources, other, service, shape, port):
                    return rival, Way(client, service, shape, port)
    return None


def _takes(resources: Resources, rule: Rule, service: str, shape: Shape, port: int | None) -> bool:
    alone = replace(resources, routes={(rule.route.parent or "", rule.route.name): rule.route})
    return expected_route(alone, service, shape, port) == rule.route.name


def _judge(seen: Sequence[Seen], winner: str) -> Outcome:
    return every(
        seen,
        lambda call: "" if call.route == winner else f"went by {call.route or call.status}, not {winner}",
        expected={"route": winner},
        observed=routes_taken,
    )
