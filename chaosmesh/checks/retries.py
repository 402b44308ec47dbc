"""Retry policies: the exact number of attempts, each event that is retried, each that is not, the time of a try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from chaosmesh.appmesh import Resources
from chaosmesh.checks.declared import EVENTS, EXAMPLE_STATUS, GRPC_EVENTS, Retrying, Rule
from chaosmesh.checks.model import Check, Outcome, Seen, Skipped, answer, cut, done, every, not_before
from chaosmesh.checks.reach import Way, working
from chaosmesh.judge import Verdict
from chaosmesh.ledger import Call

COUNT = 6
LONGEST_BACKOFF = 0.25
"""Seconds between two attempts at most (Envoy's default back-off: 25 ms base, ten times that at most)."""


def checks(resources: Resources, rule: Rule) -> Iterator[Check | Skipped]:
    """Everything that a route's retry policy, written or hidden, promises."""
    retry = rule.retry
    if retry is None:
        return
    way = working(resources, rule)
    if isinstance(way, str):
        yield from (Skipped(f"{rule.route.id}/{field}", way) for field in _fields(retry))
        return
    yield _max_retries(rule, retry, way)
    if rule.protocol == "grpc":
        yield from _grpc_events(rule, retry, way)
    else:
        yield from _http_events(rule, retry, way)
    yield from _rare_events(rule, retry, way)


def _fields(retry: Retrying) -> Iterator[str]:
    yield "retryPolicy.maxRetries"
    if retry.per_try:
        yield "retryPolicy.perRetryTimeout"
    yield from (f"retryPolicy.httpRetryEvents.{event}" for event in retry.http)
    yield from (f"retryPolicy.grpcRetryEvents.{event}" for event in retry.grpc)
    yield from (f"retryPolicy.tcpRetryEvents.{event}" for event in retry.tcp)


def _origin(retry: Retrying) -> str:
    return "added where none is written" if retry.hidden else "as written"


def _max_retries(rule: Rule, retry: Retrying, way: Way) -> Check | Skipped:
    name = f"{rule.route.id}/retryPolicy.maxRetries"
    longest = retry.max_retries * LONGEST_BACKOFF
    if rule.ceiling and longest > 0.8 * rule.ceiling:
        return Skipped(
            name,
            f"{retry.max_retries} retries may take {longest:g} s: the timeout of {rule.ceiling:g} s may end them",
        )
    attempts = retry.max_retries + 1
    statement = f"{rule.route.name}: at most {retry.max_retries} retries ({attempts} attempts; policy {_origin(retry)})"
    failure = _trigger(rule, retry)
    if failure is None and not (retry.hidden or retry.tcp):
        return Skipped(name, "no stand-in can produce any of its events")
    if failure is None:
        probes = [way.probe(COUNT, down=True)]
        wanted = [(attempts, _refused(rule))]
    else:
        words, code = failure
        probes = [way.probe(COUNT, standin=steer(rule.nodes, words))]
        wanted = [(attempts, code)]
        if retry.max_retries:
            standin = steer(rule.nodes, f"{words};attempts:{retry.max_retries}")
            probes.append(way.probe(COUNT, standin=standin))
            wanted.append((attempts, _fine(rule)))
    return Check(
        name, rule.route, statement, "documented", tuple(probes), lambda seen: _exactly(seen, wanted)
    )


def _trigger(rule: Rule, retry: Retrying) -> tuple[str, int] | None:
    """What a stand-in is told so that its answer is tried again, and the status that this gives."""
    if rule.protocol == "grpc":
        code = next((GRPC_EVENTS[event] for event in retry.grpc), 14 if retry.hidden else None)
        return None if code is None else (f"grpc:{code}", code)
    event = next((e for e in retry.http if e in EXAMPLE_STATUS), None)
    status = EXAMPLE_STATUS[event] if event else min(retry.statuses, default=None)
    return None if status is None else (f"status:{status}", status)


def _fine(rule: Rule) -> int:
    return 0 if rule.protocol == "grpc" else 200


def _refused(rule: Rule) -> int:
    """What a sidecar answers where no connection could be made."""
    return 14 if rule.protocol == "grpc" else 503


def _http_events(rule: Rule, retry: Retrying, way: Way) -> Iterator[Check | Skipped]:
    for event, statuses in EVENTS.items():
        status = EXAMPLE_STATUS[event]
        if event in retry.http or not retry.statuses & set(statuses):
            again = event in retry.http and status in retry.statuses
            name = f"retryPolicy.httpRetryEvents.{event}"
            yield _event(rule, retry, way, name, f"status:{status}", status, again=again)


def _grpc_events(rule: Rule, retry: Retrying, way: Way) -> Iterator[Check | Skipped]:
    for event, code in GRPC_EVENTS.items():
        name = f"retryPolicy.grpcRetryEvents.{event}"
        yield _event(rule, retry, way, name, f"grpc:{code}", code, again=code in retry.codes)
    for event in retry.http:
        if event in EVENTS:
            yield Skipped(
                f"{rule.route.id}/retryPolicy.httpRetryEvents.{event}",
                "a gRPC program answers with HTTP status 200 whatever happens: no stand-in can produce it",
            )


def _event(
    rule: Rule, retry: Retrying, way: Way, field: str, words: str, code: int, *, again: bool
) -> Check | Skipped:
    name, event = f"{rule.route.id}/{field}", field.rpartition(".")[2]
    if again and not retry.max_retries:
        return Skipped(name, "maxRetries is 0: no event is ever tried again")
    wanted = (2, _fine(rule)) if again else (1, code)
    text = "is tried again" if again else f"is not tried again ({event} is not configured)"
    what = f"gRPC status {code}" if rule.protocol == "grpc" else f"a {code}"
    return Check(
        name,
        rule.route,
        f"{rule.route.name}: {what} {text}",
        "inferred" if rule.protocol == "grpc" else "documented",
        (way.probe(COUNT, standin=steer(rule.nodes, f"{words};attempts:1")),),
        lambda seen: _exactly(seen, [wanted]),
    )


def _rare_events(rule: Rule, retry: Retrying, way: Way) -> Iterator[Check | Skipped]:
    if "stream-error" in retry.http:
        yield Skipped(
            f"{rule.route.id}/retryPolicy.httpRetryEvents.stream-error",
            "a refused stream does not exist over HTTP/1"
            if rule.protocol == "http"
            else "a sidecar answers 503 for the stream that its application refuses: its callers see no refused stream",
        )
    if "connection-error" in retry.tcp or retry.hidden:
        attempts = retry.max_retries + 1
        yield Check(
            f"{rule.route.id}/retryPolicy.tcpRetryEvents.connection-error",
            rule.route,
            f"{rule.route.name}: a refused connection is tried again ({attempts} attempts)",
            "documented",
            (way.probe(COUNT, down=True),),
            lambda seen: _exactly(seen, [(attempts, _refused(rule))]),
        )
    if retry.per_try:
        yield _per_try(rule, retry, retry.per_try, way)


def _per_try(rule: Rule, retry: Retrying, bound: float, way: Way) -> Check | Skipped:
    name = f"{rule.route.id}/retryPolicy.perRetryTimeout"
    if rule.ceiling and bound >= rule.ceiling:
        return Skipped(
            name, f"a timeout of {rule.ceiling:g} s cuts the call before a try may take {bound:g} s"
        )
    bound_ms = round(bound * 1000)
    slow = way.probe(
        COUNT, standin=steer(rule.nodes, f"delay_ms:{bound_ms * 2 + 200};attempts:1"), wait=bound
    )
    fast = way.probe(
        COUNT, standin=steer(rule.nodes, f"delay_ms:{max(1, bound_ms // 2)};attempts:1"), wait=bound / 2
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
        ended = not done(first)
        if call.request_id in slow and not ended:
            return f"a try of {first.duration_ms:.0f} ms was let through"
        if ended and again != (len(call.attempts) > 1):
            return f"{len(call.attempts)} attempts after a cut try"
        return ""

    expected = {"first_try_ms": bound_ms, "made_again": again}
    outcome = every(seen, right, expected=expected, observed=_first_try)
    return not_before(outcome, _cut([call for one in seen for call in one.calls]), bound_ms)


def _cut(calls: Sequence[Call]) -> list[float]:
    return [c.attempts[0].duration_ms for c in calls if c.attempts and not done(c.attempts[0])]


def _first_try(calls: Sequence[Call]) -> Mapping[str, Any]:
    cut = _cut(calls)
    return {"cut_tries": len(cut), "cut_ms": [round(min(cut), 1), round(max(cut), 1)] if cut else []}


def _exactly(seen: Sequence[Seen], wanted: Sequence[tuple[int, int]]) -> Outcome:
    """(attempts, final status) of each probe's calls, to the letter.

    Nobody was told to be slow here: a call that a timeout cut all the same met a busy host, and is left out. A
    timeout that is too short shows in its own check.
    """
    sent = sum(len(one.calls) for one in seen)
    seen = [_undisturbed(one) for one in seen]
    if sent and any(not one.calls for one in seen):
        return Outcome(
            Verdict.INVALID, "the host was too busy: timeouts cut what was answered at once", {}, {}, sent
        )
    by_request = {c.request_id: want for one, want in zip(seen, wanted, strict=True) for c in one.calls}

    def right(call: Call) -> str:
        attempts, status = by_request[call.request_id]
        ended = answer(call) == status or (
            status == HTTPStatus.OK and done(call)
        )  # further on somebody may know no such path
        if len(call.attempts) == attempts and ended:
            return ""
        return f"{len(call.attempts)} attempts ending in {answer(call)}, not {attempts} ending in {status}"

    expected = {"attempts": [a for a, _ in wanted], "status": [s for _, s in wanted]}
    return every(seen, right, expected=expected, observed=_histogram)


def _undisturbed(seen: Seen) -> Seen:
    cut_off = {call.request_id for call in seen.calls if cut(call) or any(map(cut, call.attempts))}
    if not cut_off:
        return seen
    calls = [one for one in seen.calls if one.request_id not in cut_off]
    return replace(seen, calls=calls, requests=[r for r in seen.requests if r.request_id not in cut_off])


def _histogram(calls: Sequence[Call]) -> Mapping[str, Any]:
    return {
        "attempts": {str(k): n for k, n in sorted(Counter(len(c.attempts) for c in calls).items())},
        "status": {str(k): n for k, n in sorted(Counter(answer(c) for c in calls).items())},
    }


def steer(nodes: Sequence[str], words: str) -> str:
    """An `x-standin` header that tells each of the nodes the same."""
    return ",".join(f"{node}={words}" for node in nodes)
