"""Where a request goes and by which rule, and what protects it on its way: explained without running anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.appmesh.clauses import clauses_of
from chaosmesh.appmesh.resources import Resource, Resources
from chaosmesh.appmesh.routing import Choice, Decision, Request, choose, choose_entry
from chaosmesh.documents import did_you_mean
from chaosmesh.errors import UsageError, Where
from chaosmesh.mesh import Clause, Mesh, RetryBudget, Route, retry_of
from chaosmesh.mesh.naming import node_named


@dataclass(frozen=True, slots=True)
class Answer:
    """Where one request of one node or gateway goes.

    `status` is 404 where it goes nowhere, with the reason in `reason`. `passes`: the mesh lets it out as it is
    (ALLOW_ALL). `decision` names the routes; `route` is the route as it is in force, with retries, timeouts and
    fallback, `budgets` bound these retries, `limit` are the seconds that a gateway waits.
    """

    source: str
    request: Request
    status: int | None
    reason: str
    rule: Clause | None
    decision: Decision | None = None
    route: Route | None = None
    passes: bool = False
    limit: float | None = None
    budgets: tuple[RetryBudget, ...] = ()

    @property
    def targets(self) -> tuple[Choice, ...]:
        """The nodes that it may go to."""
        return self.decision.targets if self.decision and self.status is None else ()


def why(resources: Resources, mesh: Mesh, source: str, request: Request) -> Answer:
    """The answer for a request that `source` sends, or that users send to the gateway `source`.

    `mesh` is the policy in force for `resources`. `request.host` may carry a port. Without a host a node means
    its only backend. UsageError if there is no such source, no such port of a gateway, or the host is open.
    """
    host, port = _split(request.host)
    asked = replace(request, host=host, port=request.port if request.port is not None else port)
    if source in resources.virtual_gateways:
        asked = replace(asked, port=request.port)  # a port in a Host header chooses nothing at a gateway
        return _through(resources, mesh, source, asked)
    node = node_named(source, resources.virtual_nodes)
    if node is None:
        known = [*resources.virtual_nodes, *resources.virtual_gateways]
        raise UsageError(
            f"there is no virtual node or gateway {source}",
            hint=did_you_mean(source, known) or "the documents hold none",
        )
    return _from_node(resources, mesh, resources.virtual_nodes[node], asked)


def _split(host: str) -> tuple[str, int | None]:
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon and port.isdigit() else (host, None)


def _through(resources: Resources, mesh: Mesh, gateway: str, request: Request) -> Answer:
    decision = choose_entry(resources, gateway, request)
    limit = mesh.workload(gateway).listeners[0].timeout.request
    if decision.entry is None:
        reason = f"no gateway route of {gateway} takes it"
        return Answer(gateway, request, 404, reason, _clause(decision), decision)
    return replace(_decided(mesh, gateway, request, decision), limit=limit)


def _from_node(resources: Resources, mesh: Mesh, node: Resource, request: Request) -> Answer:
    backends = {
        one.virtual_service.virtual_service_name.lower(): one.virtual_service.virtual_service_name
        for one in node.spec.backends or ()
    }
    if not request.host:
        if len(backends) != 1:
            calls = (
                f"{node.name} calls {', '.join(backends.values())}"
                if backends
                else f"{node.name} has no backends"
            )
            raise UsageError(f"which host does {node.name} call? write --host", hint=calls)
        request = replace(request, host=next(iter(backends.values())))
    service = backends.get(request.host.lower())
    if service is None:
        calls = f"it calls {', '.join(backends.values())}" if backends else "it has no backends"
        return _unmodelled(resources, node, request, calls)
    return _decided(mesh, node.name, request, choose(resources, service, request))


def _unmodelled(resources: Resources, node: Resource, request: Request, calls: str) -> Answer:
    """What is no backend leaves only where the mesh lets everything out."""
    declared = clauses_of(resources.mesh) if resources.mesh else ()
    filters = [one for one in declared if one.field == "egressFilter"]
    rule = Clause(filters[0].id, filters[0].where) if filters else Clause(node.id, node.where)
    if filters and filters[0].value == "ALLOW_ALL":
        reason = f"{request.host} is no backend of {node.name}, and the mesh lets it out"
        return Answer(node.name, request, None, reason, rule, passes=True)
    return Answer(node.name, request, 404, f"{request.host} is no backend of {node.name}; {calls}", rule)


def _decided(mesh: Mesh, source: str, request: Request, decision: Decision) -> Answer:
    rule = _clause(decision)
    if decision.status is None:
        route = _in_force(mesh, decision)
        budgets = tuple(filter(None, (mesh.budget(source, one.node) for one in decision.targets)))
        return Answer(source, request, None, "", rule, decision, route, budgets=budgets)
    reason = f"no route of {decision.service} takes it"
    if decision.status == 503:
        reason = f"{decision.service} has no provider (App Mesh answered 503, here it is 404)"
    elif (
        (seen := decision.request)
        and seen.port is not None
        and not _served(mesh, decision.service, seen.port)
    ):
        reason = f"{decision.service} is not served on port {seen.port}"
    return Answer(source, request, 404, reason, rule, decision)


def _served(mesh: Mesh, service: str, port: int) -> bool:
    return any(one.port == port for one in mesh.service(service).ports)


def _clause(decision: Decision) -> Clause | None:
    if decision.where is None:
        return None
    return Clause(decision.rule or f"virtualService/{decision.service}", decision.where)


def _in_force(mesh: Mesh, decision: Decision) -> Route | None:
    """The route of the policy model behind a decision: by its id; of a node that provides, by the port."""
    routes = mesh.service(decision.service).routes
    if decision.route is not None:
        return next((one for one in routes if one.id == decision.route.id), None)
    port = decision.targets[0].port
    return next((one for one in routes if one.match.port == port), None)


def as_json(answer: Answer) -> dict[str, Any]:
    """`{"status", "service", "route", "rule": {id, file, line}, "targets": [{node, weight}], …}`."""
    decision, route = answer.decision, answer.route
    seen = decision.request if decision and decision.entry else None
    found: dict[str, Any] = {
        "from": answer.source,
        "status": answer.status,
        "reason": answer.reason or None,
        "service": (decision.service or None) if decision else None,
        "route": decision.route.name if decision and decision.route else None,
        "rule": _rule(answer.rule),
        "targets": [
            {"node": one.node, "weight": one.weight, "share": round(one.share, 6), "port": one.port}
            for one in answer.targets
        ],
        "passes": answer.passes,
        "gateway_route": _resource(decision.entry) if decision and decision.entry else None,
        "rewritten": {"host": seen.host, "path": seen.path, "port": seen.port} if seen else None,
    }
    return found | ({} if route is None else _protection(answer, route))


def _protection(answer: Answer, route: Route) -> dict[str, Any]:
    retry, fallback = retry_of(route), route.fallback
    return {
        "retry": None
        if retry is None
        else {
            "max_retries": retry.max_retries,
            "per_try_timeout_s": retry.per_try_timeout,
            "hidden": retry.implicit,
            "rule": _rule(route.clauses.get("retry")),
        },
        "timeout": {
            "request_s": route.timeout.request,
            "idle_s": route.timeout.idle,
            "gateway_s": answer.limit,
            "rule": _rule(route.clauses.get("timeout.request")),
        },
        "fallback": None
        if fallback is None
        else {
            "node": fallback.target.workload,
            "when": sorted(fallback.when),
            "rule": _rule(fallback.clause),
        },
        "retry_budgets": [
            {
                "node": one.workload,
                "percent": one.percent,
                "at_least": one.at_least,
                "rule": _rule(one.clause),
            }
            for one in answer.budgets
        ],
    }


def _rule(clause: Clause | None) -> dict[str, Any] | None:
    return None if clause is None else {"id": clause.id, **_place(clause.where)}


def _resource(resource: Resource) -> dict[str, Any]:
    return {"name": resource.name, "id": resource.id, **_place(resource.where)}


def _place(where: Where) -> dict[str, Any]:
    return {"file": where.file, "line": where.line, "column": where.column}
