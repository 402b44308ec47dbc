"""Route match: a request that meets all conditions goes by the route, one that misses a single condition does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.checks.asking import expected_route
from chaosmesh.checks.declared import Rule
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped, every
from chaosmesh.checks.reach import reachable
from chaosmesh.checks.shapes import misses
from chaosmesh.ledger import Call

COUNT = 5


def checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """One check per condition. A condition that nothing can miss (prefix `/`) is tried by what it lets in."""
    fields = list(_fields(rule.body.match))
    at = reachable(resources, rule)
    if isinstance(at, str):
        yield from (Skipped(f"{rule.route.id}/{field}", at) for field in fields)
        return
    client, service, shape = at
    missing = {miss.field: miss for miss in misses(rule.body.match)}
    for field in fields:
        met = Probe(client, service, shape, COUNT)
        probes, wanted, words = [met], [rule.route.name], "met: by this route"
        if (miss := missing.get(field)) is not None:
            other = expected_route(resources, service, miss.shape)
            probes.append(Probe(client, service, miss.shape, COUNT))
            wanted.append(other)
            words += f"; {miss.how}: {'by ' + other if other else '404'}"
        yield Check(
            f"{rule.route.id}/{field}",
            rule.route,
            f"{field.removeprefix('match.')} of {rule.route.name} ({words})",
            "documented",
            tuple(probes),
            lambda seen, wanted=tuple(wanted): _judge(seen, wanted),  # type: ignore[misc]
        )


def _fields(match: Any) -> Iterator[str]:
    if match.prefix is not None:
        yield "match.prefix"
    if match.path is not None:
        yield "match.path"
    if match.method is not None:
        yield "match.method"
    for header in match.headers or ():
        yield f"match.headers.{header.name}"
    for parameter in match.query_parameters or ():
        yield f"match.queryParameters.{parameter.name}"


def _judge(seen: Sequence[Seen], wanted: tuple[str, ...]) -> Outcome:
    by_request = {c.request_id: want for one, want in zip(seen, wanted, strict=True) for c in one.calls}

    def right(call: Call) -> str:
        want = by_request[call.request_id]
        if not want:
            return (
                ""
                if call.status == 404 and not call.attempts
                else f"went by {call.route or call.status}, not 404"
            )
        return "" if call.route == want else f"went by {call.route or f'none ({call.status})'}, not {want}"

    return every(seen, right, expected={"routes": list(wanted)}, observed=routes_taken)


def routes_taken(calls: Sequence[Call]) -> Mapping[str, Any]:
    """How many calls went by which route."""
    counts: dict[str, int] = {}
    for call in calls:
        name = call.route or f"none ({call.status})"
        counts[name] = counts.get(name, 0) + 1
    return {"routes": counts}


def shape_text(shape: Shape) -> str:
    """A request in one line."""
    return " ".join([shape.method, shape.path, *(f"{n}: {v}" for n, v in shape.headers)])
