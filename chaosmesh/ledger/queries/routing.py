"""Where calls went: policies that they met, cohorts that stay together, fallbacks that answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from chaosmesh.ledger.model import Call, Request
from chaosmesh.ledger.queries.shares import Ratio


@dataclass(frozen=True, slots=True)
class Strays:
    """`strays` of `calls` calls that started after a policy was in force met another one; the last of them
    `after_ms` milliseconds after that (0 without strays)."""

    calls: int
    strays: int
    after_ms: float


def strays(calls: Iterable[Call], since_ns: int, current: Collection[str] | None = None) -> Strays:
    """Calls that started at or after `since_ns` (epoch ns) by another route than those in `current` (hashes of a
    route's content). None: for each route's name, the hash that its last call met. Calls that no route took met no
    policy and are left out.
    """
    later = [one for one in calls if one.start_ns >= since_ns and one.route_hash]
    newest = {one.route: one.route_hash for one in sorted(later, key=lambda one: one.start_ns)}
    allowed = set(newest.values()) if current is None else set(current)
    stray = [
        one
        for one in later
        if one.route_hash not in allowed or (current is None and one.route_hash != newest[one.route])
    ]
    last = max((one.start_ns for one in stray), default=since_ns)
    return Strays(len(later), len(stray), (last - since_ns) / 1e6)


def cohorts(requests: Iterable[Request], client: str, service: str) -> dict[int, Counter[str]]:
    """By cohort (the index of a request's kind in the mix): where the first attempts of its calls on an edge went,
    by workload ("" where no host was picked); complete requests only."""
    found: dict[int, Counter[str]] = {}
    for one in requests:
        if not one.complete:
            continue
        for call in one.calls:
            if (call.client, call.service) == (client, service):
                server = call.attempts[0].server if call.attempts else ""
                found.setdefault(one.spec, Counter())[server] += 1
    return found


def fallbacks(calls: Sequence[Call], others: Collection[str]) -> Ratio:
    """Calls that one of `others` (the workloads which only stand in for a service's own) answered well ÷ calls;
    complete ones only."""
    whole = [one for one in calls if one.complete]
    taken = sum(one.ok and bool(one.attempts) and one.attempts[-1].server in others for one in whole)
    return Ratio(taken, len(whole), len(calls) - len(whole))
