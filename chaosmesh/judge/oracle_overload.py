"""Closed forms for what retries do to a limit: a breaker's, or a server's capacity."""

from __future__ import annotations

import math

from chaosmesh.judge.queueing.model import Backoff

ENVOY = Backoff()


def held(share: float, retries: int, latency: float, backoff: Backoff = ENVOY) -> float:
    """Seconds for which a call that failed once holds a place among the retries under way.

    A retry holds its place from the decision to try again until it has failed or succeeded: its back-off and
    `latency`. A share of them fails and goes on to the next retry in the same place.
    """
    return math.fsum(
        share ** (number - 1) * (backoff.mean(number) + latency) for number in range(1, retries + 1)
    )


def retries_in_flight(
    rate: float, share: float, retries: int, latency: float, backoff: Backoff = ENVOY
) -> float:
    """Mean number of retries under way at once without a limit: Little's law, rate × chance of a retry × time."""
    return rate * share * held(share, retries, latency, backoff)


def onset(limit: int, share: float, retries: int, latency: float, backoff: Backoff = ENVOY) -> float:
    """Calls a second at which retries that want to be under way are as many as the limit allows."""
    each = share * held(share, retries, latency, backoff)
    return limit / each if each else math.inf


def refused(offered: float, limit: int) -> float:
    """Share of first retries that a limit refuses when `offered` would be under way without it.

    Erlang's loss formula: retries don't wait for a place, and how long one holds it doesn't matter beyond its mean.
    """
    chance = 1.0
    for place in range(1, limit + 1):
        chance = offered * chance / (place + offered * chance)
    return chance


def success_limited(
    rate: float, share: float, retries: int, latency: float, limit: int, backoff: Backoff = ENVOY
) -> float:
    """Share of calls that succeed when at most `limit` retries are under way at once.

    Once a call has a place it keeps it for all its retries: Envoy gives it back and takes it up in one step.
    """
    lost = refused(retries_in_flight(rate, share, retries, latency, backoff), limit)
    return 1 - share * (lost + (1 - lost) * share**retries)


def hidden_capacity(capacity: float, retries: int, load: float = 0.0) -> float:
    """Requests a second above which a server that fell behind never catches up, if all give up and come again.

    HotOS'21: every request then brings 1 + retries of work. `load` is what else the server has to do.
    """
    return (capacity - load) / (1 + retries)


def hidden_capacity_budget(capacity: float, retries_a_second: float) -> float:
    """The same where a budget or breaker lets through so many retries a second at most: the rest is for requests."""
    return max(capacity - retries_a_second, 0.0)


def drain_s(outage: float, load: float, capacity: float, retries: int) -> float:
    """Seconds until the queue of an outage is empty: outage·(1+r)·L / (C − (1+r)·L); infinite from the boundary on."""
    work = (1 + retries) * load
    return outage * work / (capacity - work) if work < capacity else math.inf
