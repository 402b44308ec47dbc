"""What retries add up to along the calls of a whole mesh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaosmesh.appmesh.lint.model import Finding, Rule, View, kind
from chaosmesh.appmesh.resources import Resource

MANY = 10
"""Attempts at the end of a chain, for one request at its start, from which on it is a finding."""

AMPLIFICATION = Rule(
    "retry-amplification",
    "warning",
    "Retries on several hops multiply: one request of a user can become many at the end of the chain",
    "retry on one hop only, best the one next to what fails, or bound retries by a budget",
)
CYCLE = Rule(
    "call-cycle",
    "note",
    "Nodes call each other in a circle; a request that follows it never ends",
    "make sure that the applications don't call on for such requests",
)
RULES = (AMPLIFICATION, CYCLE)


@dataclass(frozen=True, slots=True)
class Chain:
    """Calls in a row: `steps` are (node, service, attempts), `last` the route of the final call (None: no route)."""

    steps: tuple[tuple[str, str, float], ...]
    last: Resource | None
    owner: Resource

    @property
    def attempts(self) -> float:
        """The most attempts at the last service for one request at the first node; where retry budgets are on the
        way, on the average of many requests."""
        product = 1.0
        for _, _, tries in self.steps:
            product *= tries
        return product

    def __str__(self) -> str:
        names = [self.steps[0][0], *(service for _, service, _ in self.steps)]
        return f"{' → '.join(names)}: {' × '.join(f'{tries:g}' for _, _, tries in self.steps)}"


def check(view: View) -> Iterator[Finding]:
    """Findings of the rules of this file."""
    worst: dict[str, Chain] = {}
    for chain in chains(view):
        end = chain.steps[-1][1]
        if chain.attempts >= MANY and (end not in worst or chain.attempts > worst[end].attempts):
            worst[end] = chain
    for chain in worst.values():
        owner = chain.last or chain.owner
        place = chain.last.place(kind(chain.last), "retryPolicy") if chain.last else owner.where
        message = f"may be tried {chain.attempts:.4g} times for one request ({chain} attempts)"
        yield Finding(AMPLIFICATION, place, owner.id, message)
    yield from _cycles(view)


def chains(view: View) -> Iterator[Chain]:
    """Every chain of calls without a circle, from the nodes and gateways that nobody calls."""
    everyone = (*view.resources.virtual_gateways.values(), *view.resources.virtual_nodes.values())
    behind = {node.name for service in view.resources.virtual_services for node in view.nodes_behind(service)}
    starts = [one for one in everyone if one.name not in behind] or list(everyone)
    for one in starts:
        yield from _from(view, one, (), frozenset())


def _from(
    view: View, client: Resource, steps: tuple[tuple[str, str, float], ...], seen: frozenset[str]
) -> Iterator[Chain]:
    if client.name in seen:
        return
    for service in view.called(client):
        tries, route = _tries(view, client.name, service)
        extended = (*steps, (client.name, service, tries))
        owner = view.resources.virtual_services.get(service)
        if owner is not None:
            yield Chain(extended, route, owner)
        for node in view.nodes_behind(service):
            yield from _from(view, node, extended, seen | {client.name})


def _tries(view: View, client: str, service: str) -> tuple[float, Resource | None]:
    """The most attempts of one call to a service, and the route that allows them. Retry budgets for all of its nodes
    bound them to their share more, whatever the policy allows."""
    router = view.router(service)
    worst = max(view.routes(router.name), key=view.attempts, default=None) if router else None
    tries = float(view.tries(service))
    budgets = [view.budget(client, node.name) for node in view.nodes_behind(service)]
    if budgets and all(budgets):
        tries = min(tries, 1 + max(one.percent for one in budgets if one) / 100)
    return tries, worst


def _cycles(view: View) -> Iterator[Finding]:
    found: set[frozenset[str]] = set()
    for node in view.resources.virtual_nodes.values():
        circle = _circle(view, node, node, ())
        if circle and frozenset(circle) not in found:
            found.add(frozenset(circle))
            message = f"calls itself through {' → '.join((*circle, node.name))}"
            yield Finding(CYCLE, node.place("backends"), node.id, message)


def _circle(view: View, start: Resource, node: Resource, path: tuple[str, ...]) -> tuple[str, ...]:
    if node.name in path:
        return ()
    for service in view.called(node):
        for after in view.nodes_behind(service):
            if after is start:
                return (*path, node.name)
            if found := _circle(view, start, after, (*path, node.name)):
                return found
    return ()
