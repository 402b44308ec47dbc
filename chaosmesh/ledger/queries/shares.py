"""Shares, ratios and counts: success, amplification, splits, the dose of a request fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.ledger.model import Call, Cause, Request


@dataclass(frozen=True, slots=True)
class Ratio:
    """`part` ÷ `whole`; `left_out` calls or requests are not counted, because rows of theirs are missing."""

    part: int
    whole: int
    left_out: int = 0

    @property
    def value(self) -> float | None:
        """The ratio, None when there is nothing to divide by."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Share:
    """`k` successes among `n` requests."""

    n: int
    k: int

    @property
    def value(self) -> float | None:
        """The share, None without requests."""
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Dose:
    """`victims` of a request fault among the `attempts` that reached a server of the edge; `unreached`
    attempts never came to where the fault is decided."""

    fault: str
    victims: int
    attempts: int
    unreached: int

    @property
    def share(self) -> float | None:
        """The share of attempts that was hit, None without attempts."""
        return self.victims / self.attempts if self.attempts else None


def success(requests: Iterable[Request]) -> Share:
    """Requests answered with a status below 500 (gRPC: 0)."""
    ok = [one.ok for one in requests]
    return Share(len(ok), sum(ok))


def amplification(calls: Iterable[Call]) -> Ratio:
    """Attempts ÷ calls that the caller's application made."""
    calls = list(calls)
    whole = [one for one in calls if one.complete]
    return Ratio(sum(len(one.attempts) for one in whole), len(whole), len(calls) - len(whole))


def amplification_entry(requests: Iterable[Request], client: str, service: str) -> Ratio:
    """Attempts on an edge ÷ requests at the entry."""
    requests = list(requests)
    whole = [one for one in requests if one.complete]
    attempts = sum(
        len(call.attempts)
        for one in whole
        for call in one.calls
        if (call.client, call.service) == (client, service)
    )
    return Ratio(attempts, len(whole), len(requests) - len(whole))


def split(calls: Iterable[Call], route: str | None = None) -> Counter[str]:
    """First attempts by target workload ("" if no host was picked); `route` narrows to one route's name."""
    return Counter(
        one.attempts[0].server if one.attempts else ""
        for one in calls
        if one.complete and route in {None, one.route}
    )


def attempts_per_call(calls: Iterable[Call]) -> Counter[int]:
    """Complete calls by their number of attempts."""
    return Counter(len(one.attempts) for one in calls if one.complete)


def dose(calls: Iterable[Call], fault: str, workload: str | None = None) -> Dose:
    """Victims of a fault among the attempts that a server's sidecar saw; `workload` narrows to one arm."""
    attempts = [one for call in calls for one in call.attempts if workload in {None, one.server}]
    reached = [one for one in attempts if one.matched or one.lost]
    victims = sum(fault in one.victim.split(",") for one in reached)
    return Dose(fault, victims, len(reached), len(attempts) - len(reached))


def route_hashes(calls: Iterable[Call], since_ns: int) -> Counter[str]:
    """Calls that started at or after a time, by route hash ("" where no route took them)."""
    return Counter(one.route_hash for one in calls if one.start_ns >= since_ns)


def causes(requests: Iterable[Request]) -> Counter[Cause]:
    """Failed requests by cause."""
    return Counter(one.cause for one in requests if one.cause is not None)
