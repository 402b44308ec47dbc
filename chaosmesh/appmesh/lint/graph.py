"""What retries add up to along the calls of a whole mesh."""

from __future__ import annotations

from collections import deque
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
    for chain in worst_chains(view).values():
        if chain.attempts < MANY:
            continue
        owner = chain.last or chain.owner
        place = chain.last.place(kind(chain.last), "retryPolicy") if chain.last else owner.where
        message = f"may be tried {chain.attempts:.4g} times for one request ({chain} attempts)"
        yield Finding(AMPLIFICATION, place, owner.id, message)
    yield from _cycles(view)


def worst_chains(view: View) -> dict[str, Chain]:
    """For each service the chain of calls with the most attempts, from the nodes and gateways that nobody calls.

    Callers come before whom they call, so that each node is looked at once, however many ways lead to it; a call
    that closes a circle is not followed.
    """
    worst: dict[str, Chain] = {}
    best: dict[str, Chain] = {}
    done: set[str] = set()
    for client in _callers_first(view):
        done.add(client.name)
        steps = best[client.name].steps if client.name in best else ()
        for service in view.called(client):
            owner = view.resources.virtual_services.get(service)
            if owner is None:
                continue
            tries, route = _tries(view, client.name, service)
            chain = Chain((*steps, (client.name, service, tries)), route, owner)
            _keep(worst, service, chain)
            for node in view.nodes_behind(service):
                if node.name not in done:
                    _keep(best, node.name, chain)
    return worst


def _keep(found: dict[str, Chain], name: str, chain: Chain) -> None:
    if name not in found or chain.attempts > found[name].attempts:
        found[name] = chain


def _callers_first(view: View) -> list[Resource]:
    """Whoever calls before whom it calls; in a circle, whoever is met first."""
    everyone = (*view.resources.virtual_gateways.values(), *view.resources.virtual_nodes.values())
    behind = {node.name for service in view.resources.virtual_services for node in view.nodes_behind(service)}
    starts = [one for one in everyone if one.name not in behind] or list(everyone)
    seen: set[str] = set()
    found: list[Resource] = []

    def visit(one: Resource) -> None:
        if one.name in seen:
            return
        seen.add(one.name)
        for after in reversed(list(_called(view, one))):
            visit(after)
        found.append(one)

    for one in reversed(starts):
        visit(one)
    return found[::-1]


def _called(view: View, client: Resource) -> Iterator[Resource]:
    for service in view.called(client):
        yield from view.nodes_behind(service)


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
        circle = _circle(view, node)
        if circle and frozenset(circle) not in found:
            found.add(frozenset(circle))
            message = f"calls itself through {' → '.join((*circle, node.name))}"
            yield Finding(CYCLE, node.place("backends"), node.id, message)


def _circle(view: View, start: Resource) -> tuple[str, ...]:
    """The shortest way of calls from a node back to itself, without its end; empty if there is none."""
    ways: dict[str, tuple[str, ...]] = {start.name: (start.name,)}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for after in _called(view, node):
            if after is start:
                return ways[node.name]
            if after.name not in ways:
                ways[after.name] = (*ways[node.name], after.name)
                waiting.append(after)
    return ()
