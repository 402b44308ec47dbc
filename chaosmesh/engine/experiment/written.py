"""What the policy in force says about a question, before anything is counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chaosmesh.engine.experiment.policy import most_attempts, most_attempts_entry
from chaosmesh.engine.experiment.questions import Question
from chaosmesh.engine.standing_in import others
from chaosmesh.errors import UsageError
from chaosmesh.mesh import Mesh, Route, retry_of


def limited(question: Question, mesh: Mesh, entry: str) -> Question:
    """The question with what the policy allows, names or divides; UsageError where it says too little."""
    services = tuple(dict.fromkeys(service for _, service in question.pairs))
    match question.requirement.measure:
        case "attempts":
            return replace(question, most=max(most_attempts(mesh, one) for one in services))
        case "amplification_entry":
            return replace(question, most=most_attempts_entry(mesh, entry, question.pairs))
        case "fallback":
            return _with_spare(question, mesh, services)
        case "cutoff":
            return replace(question, cut=_cut(question, mesh, services))
        case "split":
            return _with_weights(question, mesh, services)
    return question


def _with_spare(question: Question, mesh: Mesh, services: Iterable[str]) -> Question:
    return replace(question, spare=tuple(sorted({one for each in services for one in others(mesh, each)})))


def _cut(question: Question, mesh: Mesh, services: Iterable[str]) -> str:
    """Which timeout of the policy a cut-off is about."""
    routes = [route for service in services for route in mesh.service(service).routes]
    timely = question.requirement.timely
    tries = [retry.per_try_timeout for one in routes if (retry := retry_of(one))]
    if any(bound and timely(bound) for bound in tries):
        return "attempt"
    bounds = [one.timeout.request for one in routes]
    return "call" if any(bound and timely(bound) for bound in bounds) else ""


def _with_weights(question: Question, mesh: Mesh, services: tuple[str, ...]) -> Question:
    """The weights of the service's last route, which is its widest, and of the calls that it took."""
    if question.requirement.weights:
        return question
    if len(services) != 1:
        raise UsageError(
            f"{question}: {' and '.join(services)} have weights of their own",
            hint="name one edge, or weights({…})",
        )
    route = mesh.service(services[0]).routes[-1]
    return replace(question, route=route.name, requirement=question.requirement.written(_shares(route)))


def _shares(route: Route) -> dict[str, float]:
    """Each target's share of the route's calls."""
    total = sum(one.weight for one in route.targets) or 1
    found: dict[str, float] = {}
    for one in route.targets:
        found[one.workload] = found.get(one.workload, 0.0) + one.weight / total
    return found
