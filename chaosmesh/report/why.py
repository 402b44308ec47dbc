"""The answer of `why` as text: the way of one request, line by line, each with the place of its rule."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.appmesh.why import Answer
from chaosmesh.mesh import Clause, Retry, Route, retry_of

WIDTH = 14


def lines(answer: Answer) -> list[str]:
    """What is printed."""
    return [_question(answer), *(f"  {word:<{WIDTH}}{text}" for word, text in _way(answer))]


def _question(answer: Answer) -> str:
    one = answer.request
    port = "" if one.port is None else f":{one.port}"
    headers = "".join(f"  {name}: {value}" for name, value in one.headers.items())
    return (
        f"{answer.source} → {one.method} {one.scheme}://{one.host or '(any host)'}{port}{one.path}{headers}"
    )


def _way(answer: Answer) -> Iterator[tuple[str, str]]:
    decision = answer.decision
    if decision and decision.entry:
        yield "gateway route", f"{decision.entry.name}  ({decision.entry.where})"
        if seen := decision.request:
            at = "" if seen.port is None else f":{seen.port}"
            yield "becomes", f"{seen.host or '(the same host)'}{at}{seen.path}"
    if answer.passes:
        yield "leaves", answer.reason
    elif answer.status is not None:
        yield f"{answer.status}", answer.reason
    elif decision:
        yield "service", decision.service
        yield "route", decision.route.name if decision.route else "none: a node provides the service itself"
    if answer.rule:
        yield "decided by", _rule(answer.rule)
    for one in answer.targets:
        at = "" if one.port is None else f":{one.port}"
        yield "goes to", f"{one.node}{at}  {100 * one.share:.3g} %"
    if answer.route:
        yield from _protection(answer, answer.route)


def _protection(answer: Answer, route: Route) -> Iterator[tuple[str, str]]:
    yield "retries", _retries(retry_of(route)) + _at(route.clauses.get("retry"))
    for one in answer.budgets:
        bound = f"at most {one.percent:g} % of the calls in flight to {one.workload} ({one.at_least} always)"
        yield "retry budget", bound + _at(one.clause)
    yield "timeout", _seconds(route.timeout.request) + _at(route.clauses.get("timeout.request"))
    if answer.limit is not None:
        yield "", f"the gateway waits {_seconds(answer.limit)}"
    if fallback := route.fallback:
        when = ", ".join(sorted(fallback.when))
        yield "fallback", f"{fallback.target.workload} when {when}" + _at(fallback.clause)


def _retries(retry: Retry | None) -> str:
    if retry is None:
        return "none"
    bound = "" if not retry.per_try_timeout else f", each try at most {_seconds(retry.per_try_timeout)}"
    return f"{retry.max_retries}{bound}{' (nobody wrote them)' if retry.implicit else ''}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "the proxy's own"
    return "none" if value == 0 else f"{value:g} s"


def _at(clause: Clause | None) -> str:
    return f"  ({clause.where})" if clause else ""


def _rule(clause: Clause) -> str:
    return f"{clause.id}  ({clause.where})"
