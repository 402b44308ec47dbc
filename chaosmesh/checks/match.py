"""Route match: a request that meets all conditions goes by the route, one that misses a single condition does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.routing import ports_of
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.model import Check, Outcome, Seen, Shape, Skipped, answer, answer_text, every
from chaosmesh.checks.reach import Way, reachable
from chaosmesh.checks.shapes import misses
from chaosmesh.ledger import Call

COUNT = 5
UNIMPLEMENTED = 12
INFERRED = ("match.serviceName", "match.methodName")
"""Nobody saw how App Mesh told them: by the two parts of the path."""


def checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """One check per condition. A condition that nothing can miss (prefix `/`) is tried by what it lets in."""
    fields = list(_fields(rule.body.match)) if rule.body.match else []
    way = reachable(resources, rule)
    if isinstance(way, str):
        yield from (Skipped(f"{rule.route.id}/{field}", way) for field in fields)
        return
    missing = {miss.field: miss for miss in misses(rule.body.match, rule.protocol)}
    for field in fields:
        others = [(way, miss.shape, miss.how)] if (miss := missing.get(field)) else []
        if field == "match.port":
            others = [
                (one, one.shape, f"port {one.port}")
                for one in _other_ports(resources, rule, way)
                if rule.protocol != "tcp" or expected_route(resources, one.service, one.shape, one.port)
            ]
        elif field == "match.scheme":
            yield Skipped(
                f"{rule.route.id}/{field}", "egress takes plain text only: no other scheme can be sent"
            )
            continue
        yield _check(resources, rule, way, field, others)


def _check(
    resources: Resources, rule: Rule, way: Way, field: str, others: Sequence[tuple[Way, Shape, str]]
) -> Check:
    probes, wanted, words = [way.probe(COUNT)], [rule.route.name], "met: by this route"
    for other, shape, how in others:
        route = expected_route(resources, way.service, shape, other.port)
        probes.append(other.probe(COUNT, shape))
        wanted.append(route)
        words += (
            f"; {how}: {'by ' + route if route else '404' if rule.protocol in ('http', 'http2') else 'none'}"
        )
    return Check(
        f"{rule.route.id}/{field}",
        rule.route,
        f"{field.removeprefix('match.')} of {rule.route.name} ({words})",
        "inferred" if rule.protocol == "grpc" and field in INFERRED else "documented",
        tuple(probes),
        lambda seen: _judge(seen, wanted),
    )


def _other_ports(resources: Resources, rule: Rule, way: Way) -> Iterator[Way]:
    """The service's other ports that take the same kind of request."""
    for one in ports_of(resources, way.service):
        if one.number != way.port and (one.protocol == "tcp") == (rule.protocol == "tcp"):
            yield replace(way, port=one.number)


def _fields(match: Any) -> Iterator[str]:
    for name, value in match.written():
        if name in {"headers", "queryParameters", "metadata"}:
            yield from (f"match.{name}.{one.name}" for one in value)
        else:
            yield f"match.{name}"


def _judge(seen: Sequence[Seen], wanted: Sequence[str]) -> Outcome:
    by_id = {c.id: want for one, want in zip(seen, wanted, strict=True) for c in one.calls}

    def right(call: Call) -> str:
        want = by_id[call.id]
        if not want:
            return "" if lost(call) else f"went by {call.route or answer_text(call)}, not 404"
        return (
            "" if call.route == want else f"went by {call.route or f'none ({answer_text(call)})'}, not {want}"
        )

    return every(seen, right, expected={"routes": list(wanted)}, observed=routes_taken)


def lost(call: Call) -> bool:
    """Whether no route took it: 404, over gRPC "unimplemented", and no attempt."""
    if call.tcp:
        return not call.attempts
    return not call.attempts and answer(call) in (404, UNIMPLEMENTED)


def routes_taken(calls: Sequence[Call]) -> Mapping[str, Any]:
    """How many calls went by which route."""
    counts: dict[str, int] = {}
    for call in calls:
        name = call.route or f"none ({call.status})"
        counts[name] = counts.get(name, 0) + 1
    return {"routes": counts}


def shape_text(shape: Shape) -> str:
    """A request in one line."""
    return " ".join(
        [
            *([] if shape.protocol == "grpc" else [shape.method]),
            shape.path,
            *(f"{n}: {v}" for n, v in shape.headers),
        ]
    )
