"""What the scenario adds to the policy of the documents: fallbacks and retry budgets. Pure.

A fallback is a rule of its route (`virtualRouter/R/route/X/fallback`, `virtualService/S/fallback` where a node serves
the service itself), a retry budget has the id `retryBudget/TO` or `retryBudget/TO/from/CLIENT`, in the scenario's words.
"""

from __future__ import annotations

from dataclasses import replace

from chaosmesh.appmesh.budgets import budgets
from chaosmesh.appmesh.clauses import Declared
from chaosmesh.appmesh.fallbacks import Key, fallbacks
from chaosmesh.appmesh.resources import Resources
from chaosmesh.documents import Problems
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import DocumentError
from chaosmesh.mesh import Clause, Mesh, Route


def extend(mesh: Mesh, resources: Resources, scenario: Scenario) -> Mesh:
    """The policy with what the scenario adds; `mesh` is the translation of `resources`.

    DocumentError with every route, node or service that is not there, each with its place in the scenario.
    """
    if not scenario.fallbacks and not scenario.retry_budgets:
        return mesh
    problems = Problems()
    added = {
        key: replace(one.value, clause=Clause(one.id, one.where))
        for key, one in fallbacks(resources, scenario, problems).items()
    }
    limits = [
        replace(budget, clause=Clause(one.id, one.where))
        for one in budgets(resources, scenario, problems)
        for budget in one.value
    ]
    if problems:
        raise DocumentError(problems)
    services = tuple(
        replace(service, routes=tuple(replace(one, fallback=added.get(_key(one))) for one in service.routes))
        for service in mesh.services
    )
    return replace(mesh, services=services, budgets=tuple(limits))


def _key(route: Route) -> Key:
    return route.id, route.match.port if route.implicit else None


def declared(resources: Resources, scenario: Scenario) -> tuple[Declared, ...]:
    """The rules that the scenario adds: values are `mesh.Fallback`, and a tuple of `mesh.RetryBudget`.

    What names nothing that is there is left out; `extend` says so.
    """
    problems = Problems()
    found = {one.id: one for one in fallbacks(resources, scenario, problems).values()}
    return (*found.values(), *budgets(resources, scenario, problems))


def problems_of(resources: Resources, scenario: Scenario) -> Problems:
    """What the scenario adds to nothing that is there, each with its place."""
    problems = Problems()
    fallbacks(resources, scenario, problems)
    budgets(resources, scenario, problems)
    return problems
