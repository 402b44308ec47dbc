"""Retry policies: the exact number of attempts, each event that is retried, each that is not, the time of a try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.checks.declared import EVENTS, EXAMPLE_STATUS, Retrying, Rule
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Shape, Skipped, every, not_before
from chaosmesh.checks.reach import reachable
from chaosmesh.ledger import Call

COUNT = 6
LONGEST_BACKOFF = 0.25
"""Seconds between two attempts at most (Envoy's default back-off: 25 ms base, ten times that at most)."""


def checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """Everything that a route's retry policy, written or hidden, promises."""
    retry = rule.retry
    if retry is None:
        return
    at = reachable(resources, rule)
    if isinstance(at, str):
        yield from (Skipped(f"{rule.route.id}/{field}", at) for field in _fields(retry))
        return
    yield _max_retries(rule, retry, at)
    for event, statuses in EVENTS.items():
        status = EXAMPLE_STATUS[event]
        if event in retry.http or not retry.statuses & set(statuses):
            yield from _event(rule, retry, at, event, status)
    yield from _rare_events(rule, retry, at)


def _fields(retry: Retrying) -> Iterator[str]:
    yield "retryPolicy.maxRetries"
    if retry.per_try:
        yield "retryPolicy.perRetryTimeout"
    yield from (f"retryPolicy.httpRetryEvents.{event}" for event in retry.http)
    yield from (f"retryPolicy.tcpRetryEvents.{event}" for event in retry.tcp)


def _origin(retry: Retrying) -> str:
    return "added where none is written" if retry.hidden else "as written"


def _max_retries(rule: Rule, retry: Retrying, at: tuple[str, str, Shape]) -> Check | Skipped:
    name = f"{rule.route.id}/retryPolicy.maxRetries"
    longest = retry.max_retries * LONGEST_BACKOFF
    if rule.ceiling and longest > 0.8 * rule.ceiling:
        return Skipped(
            name,
            f"{retry.max_retries} retries may take {longest:g} s: the timeout of {rule.ceiling:g} s may end them",
        )
    client, service, shape = at
    attempts = retry.max_retries + 1
    statement = f"{rule.route.name}: at most {retry.max_retries} retries ({attempts} attempts; policy {_origin(retry)})"
    if not retry.statuses:
        probe = Probe(client, service, shape, COUNT, down=True)
        return Check(
            name,
            rule.route,
            statement,
            "documented",
            (probe,),
            lambda seen: _exactly(seen, [(attempts, 503)]),
        )
    status = _trigger(retry)
    never = Probe(client, service, shape, COUNT, standin=steer(rule.nodes, f"status:{status}"))
    last = Probe(
        client,
        service,
        shape,
        COUNT,
        standin=steer(rule.nodes, f"status:{status};attempts:{retry.max_retries}"),
    )
    probes = (never, last) if retry.max_retries else (never,)
    wanted = [(attempts, status), (attempts, 200)][: len(probes)]
    return Check(name, rule.route, statement, "documented", probes, lambda seen: _exactly(seen, wanted))


def _trigger(retry: Retrying) -> int:
    event = next((e for e in retry.http if e in EXAMPLE_STATUS), None)
    return EXAMPLE_STATUS[event] if event else min(retry.statuses)


def _event(
    rule: Rule, retry: Retrying, at: tuple[str, str, Shape], event: str, status: int
) -> Iterator[Check | Skipped]:
    client, service, shape = at
    name = f"{rule.route.id}/retryPolicy.httpRetryEvents.{event}"
    configured = event in retry.http
    if configured and not retry.max_retries:
        yield Skipped(name, "maxRetries is 0: no event is ever tried again")
        return
    again = configured and status in retry.statuses
    wanted = (2, 200) if again else (1, status)
    words = "is tried again" if again else f"is not tried again ({event} is not configured)"
    probe = Probe(client, service, shape, COUNT, standin=steer(rule.nodes, f"status:{status};attempts:1"))
    yield Check(
        name,
        rule.route,
        f"{rule.route.name}: a {status} {words}",
        "documented",
        (probe,),
        lambda seen: _exactly(seen, [wanted]),
    )


def _rare_events(rule: Rule, retry: Retrying, at: tuple[str, str, Shape]) -> Iterator[Check | Skipped]:
    client, service, shape = at
    if "stream-error" in retry.http:
        yield Skipped(
            f"{rule.route.id}/retryPolicy.httpRetryEvents.stream-error",
            "a refused stream does not exist over HTTP/1",
        )
    if "connection-error" in retry.tcp or retry.hidden:
        attempts = retry.max_retries + 1
        yield Check(
            f"{rule.route.id}/retryPolicy.tcpRetryEvents.connection-error",
            rule.route,
            f"{rule.route.name}: a refused connection is tried again ({attempts} attempts)",
            "documented",
            (Probe(client, service, shape, COUNT, down=True),),
            lambda seen: _exactly(seen, [(attempts, 503)]),
        )
    if retry.per_try:
        yield _per_try(rule, retry, retry.per_try, at)


def _per_try(rule: Rule, retry: Retrying, bound: float, at: tuple[str, str, Shape]) -> Check | Skipped:
    name = f"{rule.route.id}/retryPolicy.perRetryTimeout"
    if rule.ceiling and bound >= rule.ceiling:
        return Skipped(
            name, f"a timeout of {rule.ceiling:g} s cuts the call before a try may take {bound:g} s"
        )
    client, service, shape = at
    bound_ms = round(bound * 1000)
    slow = Probe(
        client, service, shape, COUNT, standin=steer(rule.nodes, f"delay_ms:{bound_ms * 2 + 200};attempts:1")
    )
    fast = Probe(
        client, service, shape, COUNT, standin=steer(rule.nodes, f"delay_ms:{bound_ms // 2};attempts:1")
    )
    again = retry.on_reset and retry.max_retries > 0
    return Check(
        name,
        rule.route,
        f"{rule.route.name}: a try that takes longer than {bound_ms} ms is cut{' and made again' if again else ''}",
        "documented",
        (slow, fast),
        lambda seen: _judge_per_try(seen, bound_ms, again=again),
    )


def _judge_per_try(seen: Sequence[Seen], bound_ms: int, *, again: bool) -> Outcome:
    slow = {call.request_id for call in seen[0].calls}

    def right(call: Call) -> str:
        first = call.attempts[0] if call.attempts else None
        if first is None:
            return f"no attempt (status {call.status})"
        cut = first.status != 200
        if call.request_id in slow and not cut:
            return f"a try of {first.duration_ms:.0f} ms was let through"
        if cut and again != (len(call.attempts) > 1):
            return f"{len(call.attempts)} attempts after a cut try"
        return ""

    expected = {"first_try_ms": bound_ms, "made_again": again}
    outcome = every(seen, right, expected=expected, observed=_first_try)
    return not_before(outcome, _cut([call for one in seen for call in one.calls]), bound_ms)


def _cut(calls: Sequence[Call]) -> list[float]:
    return [c.attempts[0].duration_ms for c in calls if c.attempts and c.attempts[0].status != 200]


def _first_try(calls: Sequence[Call]) -> Mapping[str, Any]:
    cut = _cut(calls)
    return {"cut_tries": len(cut), "cut_ms": [round(min(cut), 1), round(max(cut), 1)] if cut else []}


def _exactly(seen: Sequence[Seen], wanted: Sequence[tuple[int, int]]) -> Outcome:
    """(attempts, final status) of each probe's calls, to the letter."""
    by_request = {c.request_id: want for one, want in zip(seen, wanted, strict=True) for c in one.calls}

    def right(call: Call) -> str:
        attempts, status = by_request[call.request_id]
        if (len(call.attempts), call.status) == (attempts, status):
            return ""
        return f"{len(call.attempts)} attempts ending in {call.status}, not {attempts} ending in {status}"

    expected = {"attempts": [a for a, _ in wanted], "status": [s for _, s in wanted]}
    return every(seen, right, expected=expected, observed=_histogram)


def _histogram(calls: Sequence[Call]) -> Mapping[str, Any]:
    return {
        "attempts": {str(k): n for k, n in sorted(Counter(len(c.attempts) for c in calls).items())},
        "status": {str(k): n for k, n in sorted(Counter(c.status for c in calls).items())},
    }


def steer(nodes: Sequence[str], words: str) -> str:
    """An `x-standin` header that tells each of the nodes the same."""
    return ",".join(f"{node}={words}" for node in nodes)
