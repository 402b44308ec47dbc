"""Retry budgets of the scenario."""

from __future__ import annotations

from chaosmesh.appmesh.clauses import Declared
from chaosmesh.appmesh.naming import nodes_behind, nodes_named, unknown
from chaosmesh.appmesh.resources import Resources
from chaosmesh.documents import Problems
from chaosmesh.documents.scenario import Scenario
from chaosmesh.errors import Where
from chaosmesh.mesh import RetryBudget


def budgets(resources: Resources, scenario: Scenario, problems: Problems) -> list[Declared]:
    """One rule a budget; its value holds the budget of each node that it names."""
    found: list[Declared] = []
    taken: dict[tuple[str, str | None], Where] = {}
    for index, one in enumerate(scenario.retry_budgets):
        where = scenario.place("retry_budgets", index)
        nodes = nodes_named(resources, one.to, scenario.place("retry_budgets", index, "to"), problems)
        if one.client is not None and nodes:
            asked = scenario.place("retry_budgets", index, "from")
            nodes = _met_by(resources, one.client, nodes, asked, problems)
        earlier = next((taken[node, one.client] for node in nodes if (node, one.client) in taken), None)
        if earlier:
            problems.add(where, f"{one.to} has a retry budget already ({earlier})", "take one of them away")
        elif nodes:
            limits = tuple(RetryBudget(node, one.percent, one.at_least, one.client) for node in nodes)
            name = f"retryBudget/{one.to}" + (f"/from/{one.client}" if one.client else "")
            found.append(Declared(name, resources.virtual_nodes[nodes[0]], "retryBudget", limits, where))
            taken |= {(node, one.client): where for node in nodes}
    return found


def _met_by(
    resources: Resources, client: str, nodes: tuple[str, ...], where: Where, problems: Problems
) -> tuple[str, ...]:
    """Those of the nodes that a client calls; a problem if there is no such client, or it calls none of them."""
    clients = [*resources.virtual_nodes, *resources.virtual_gateways]
    if client not in clients:
        unknown(client, "virtual node or gateway", where, clients, problems)
        return ()
    called = _called(resources, client)
    met = tuple(node for node in nodes if node in called)
    if not met:
        hint = f"{client} calls {', '.join(called)}" if called else "name a client that calls something"
        problems.add(where, f"{client} never calls {', '.join(nodes)}", hint)
    return met


def _called(resources: Resources, client: str) -> list[str]:
    if client in resources.virtual_nodes:
        backends = resources.virtual_nodes[client].spec.backends or ()
        services = [one.virtual_service.virtual_service_name for one in backends]
    else:
        routes = resources.gateway_routes_of(client)
        services = [one.spec.body.action.target.virtual_service.virtual_service_name for one in routes]
    known = (resources.virtual_services[one] for one in services if one in resources.virtual_services)
    return list(dict.fromkeys(node for service in known for node in nodes_behind(resources, service)))
