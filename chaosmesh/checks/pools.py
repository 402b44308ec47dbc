"""Connection pools: what is in flight beyond the pool is turned away, or waits, and what is within it passes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosmesh.appmesh import Resource
from chaosmesh.checks.gateways import Ask
from chaosmesh.checks.model import Check, Outcome, Probe, Seen, Skipped, every, every_request
from chaosmesh.checks.quiet import nodes_behind
from chaosmesh.checks.reach import Way
from chaosmesh.checks.retries import steer
from chaosmesh.checks.wiring import Ways
from chaosmesh.ledger import Attempt, Request

MOST = 300
"""Requests in flight at once; a shared host with stand-ins carries no more."""

BEYOND = 5
"""Requests above the pool of each copy."""

RATE = 100.0
"""Slow enough for connections to open one after another: one that is not open yet has its request in the queue."""


def checks(ways: Ways, node: Resource, replicas: Mapping[str, int]) -> Iterator[Check | Skipped]:
    """The pools of a node's listeners; each copy has its own."""
    copies = replicas.get(node.name, 1)
    for listener in node.spec.listeners or ():
        if listener.connection_pool is None:
            continue
        kind, pool = listener.connection_pool.member
        port = listener.port_mapping.port
        for field, check in _fields(f"{node.id}/listeners.{port}.connectionPool.{kind}", kind, pool):
            way = ways.whole(node.name, port, first=port == node.spec.listeners[0].port_mapping.port)
            yield _node(node, field, check, way, copies)


class _Limits:
    """`least` requests pass in any case, `most` at most; None: the rest waits."""

    def __init__(self, least: int, most: int | None, words: str) -> None:
        self.least, self.most, self.words = least, most, words


def _fields(name: str, kind: str, pool: Any) -> Iterator[tuple[str, _Limits]]:
    """A pool is one rule."""
    if kind != "http":
        limit = pool.max_connections if kind == "tcp" else pool.max_requests
        yield name, _Limits(limit, limit, f"{limit} {'connections' if kind == 'tcp' else 'requests'} at once")
        return
    queue = pool.max_pending_requests
    most = None if queue is None else pool.max_connections + queue
    words = f"{pool.max_connections} connections" + (f", {queue} waiting requests" if queue else "")
    yield name, _Limits(pool.max_connections, most, words)


def _node(node: Resource, name: str, limits: _Limits, way: Way | str, copies: int) -> Check | Skipped:
    if isinstance(way, str):
        return Skipped(name, way)
    count = _count(limits, copies)
    if count > MOST:
        return Skipped(name, f"{count} requests at once would be needed to fill it: more than {MOST}")
    delay = round((count / RATE + 0.5) * 1000)
    if way.patience and way.patience * 1000 < 1.2 * delay:
        return Skipped(
            name, f"a timeout of {way.patience:g} s ends requests before {count} of them are in flight"
        )
    wait = delay / 1000 * (1 if limits.most == limits.least else 2)
    standin = steer([node.name], f"delay_ms:{delay}")
    probe = way.probe(count, rate=RATE, standin=standin, timeout=30.0, wait=wait)
    tcp = way.shape.protocol == "tcp"
    return Check(
        name,
        node,
        f"{node.name}: each copy takes {limits.words}, {'the rest waits' if limits.most is None else 'no more'}",
        "documented",
        (probe,),
        lambda seen: (
            judge_tcp(seen, limits.least * copies)
            if tcp
            else judge(seen, node.name, limits.least, limits.most, delay)
        ),
        turn=2,
        alone=frozenset({f"node {node.name}", f"copies {node.name}"}),
    )


def _count(limits: _Limits, copies: int) -> int:
    return copies * ((limits.least if limits.most is None else limits.most) + BEYOND)


def judge(seen: Sequence[Seen], node: str, least: int, most: int | None, delay_ms: float) -> Outcome:
    """By copy: how many attempts were let in before any of them was answered, and how many were turned away."""
    attempts = [a for part in seen for call in part.calls for a in call.attempts if a.server == node]
    stopped = Counter(one.replica for one in attempts if _stopped(one))
    taken = Counter(one.replica for one in attempts if not _stopped(one))
    quick = Counter(one.replica for one in attempts if not _stopped(one) and one.duration_ms < 1.5 * delay_ms)
    expected: dict[str, Any] = {"taken": least if most is None else [least, most]}
    observed = {
        "taken": sorted((quick if most is None else taken).values()),
        "turned_away": sum(stopped.values()),
    }

    def wrong() -> str:
        if most is None:
            full = [n for n in quick.values() if n > least]
            late = sum((taken - quick).values())
            return f"{full[0]} were answered at once" if full else "" if late else "none had to wait"
        over = [n for n in taken.values() if n > most]
        if over:
            return f"{over[0]} were in flight at one copy"
        early = [copy for copy in stopped if taken[copy] < least]
        if early:
            return f"one was turned away when {taken[early[0]]} were in flight"
        return "" if stopped else "none was turned away"

    text = wrong()
    return every(seen, lambda _: text, expected=expected, observed=lambda _: observed)


def _stopped(one: Attempt) -> bool:
    return "UO" in one.server_flags


def judge_tcp(seen: Sequence[Seen], limit: int) -> Outcome:
    """Connections that were answered, of all copies together."""
    return judge_requests(seen, limit, limit)


def judge_requests(seen: Sequence[Seen], least: int, most: int) -> Outcome:
    """The same by what users saw: an answer, or none (503)."""
    requests = [one for part in seen for one in part.requests]
    passed = sum(one.ok for one in requests)
    expected = {"taken": [least, most]}
    observed = {"taken": passed, "turned_away": len(requests) - passed}
    text = (
        ""
        if least <= passed <= most and passed < len(requests)
        else f"{passed} of {len(requests)} were taken"
    )

    def all_of(_: Sequence[Request]) -> Mapping[str, Any]:
        return observed

    return every_request(seen, lambda _: text, expected=expected, observed=all_of)


def gateway_checks(ways: Ways, gateway: Resource, entered: Mapping[int, Ask]) -> Iterator[Check | Skipped]:
    """The pools of a gateway's listeners, tried at its sidecar: at the door no stand-in could be told to wait."""
    for listener in gateway.spec.listeners:
        if listener.connection_pool is None:
            continue
        kind, pool = listener.connection_pool.member
        port = listener.port_mapping.port
        for name, limits in _fields(f"{gateway.id}/listeners.{port}.connectionPool.{kind}", kind, pool):
            ask, count = entered.get(port), _count(limits, 1)
            if ask is None:
                yield Skipped(name, "no gateway route takes what comes in there")
            elif limits.most is None:
                yield Skipped(
                    name, "without maxPendingRequests nothing is turned away, and who waits is not told apart"
                )
            elif count > MOST:
                yield Skipped(name, f"{count} requests at once would be needed to fill it: more than {MOST}")
            else:
                yield _gateway(ways, gateway, name, limits, ask, count)


def _gateway(ways: Ways, gateway: Resource, name: str, limits: _Limits, ask: Ask, count: int) -> Check:
    service, least, most = ask.decision.service, limits.least, limits.most or 0
    standin = steer(nodes_behind(ways.resources, service), f"delay_ms:{math.ceil((count / RATE + 1) * 1000)}")
    probe = Probe(
        gateway.name,
        service,
        ask.shape,
        count,
        rate=RATE,
        standin=standin,
        port=ask.port,
        place="sidecar",
        wait=count / RATE + 1,
    )
    return Check(
        name,
        gateway,
        f"{gateway.name} takes {limits.words}, no more",
        "documented",
        (probe,),
        lambda seen: judge_requests(seen, least, most),
        turn=2,
        alone=frozenset({f"client {gateway.name}"}),
    )
