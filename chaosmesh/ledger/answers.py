"""What a ledger answers about edges, requests and faults, by the queries."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection

from chaosmesh.ledger import queries
from chaosmesh.ledger.model import Call, Cause, Request
from chaosmesh.ledger.queries.orphaned import SLACK_MS


class Answers(ABC):
    """Queries by edge (client, service) and stream; `stream` None means all streams.

    Each is a pure function in `chaosmesh.ledger.queries`, for calls and requests that were picked otherwise.
    """

    @abstractmethod
    def calls(
        self, stream: int | None = None, client: str | None = None, service: str | None = None
    ) -> list[Call]:
        """Calls by start time, those included whose rows are not all in (`Call.complete`); None means any."""

    @abstractmethod
    def requests(self, stream: int | None = None) -> list[Request]:
        """The generator's requests by number, with their calls; None means all streams."""

    def amplification(self, client: str, service: str, stream: int | None = None) -> queries.Ratio:
        """Attempts ÷ calls on an edge, over complete calls."""
        return queries.amplification(self.calls(stream, client, service))

    def amplification_entry(self, client: str, service: str, stream: int) -> queries.Ratio:
        """Attempts on an edge ÷ requests at the entry, over complete requests."""
        return queries.amplification_entry(self.requests(stream), client, service)

    def success(self, stream: int | None = None) -> queries.Share:
        """Share of requests that their users got an answer to, with a status below 500."""
        return queries.success(self.requests(stream))

    def latencies(self, stream: int | None = None) -> list[float]:
        """Milliseconds from the intended time, by request number; infinite where no answer came."""
        return [one.latency_ms for one in self.requests(stream)]

    def split(
        self, client: str, service: str, stream: int | None = None, route: str | None = None
    ) -> Counter[str]:
        """First attempts by the workload they went to."""
        return queries.split(self.calls(stream, client, service), route)

    def attempts_per_call(self, client: str, service: str, stream: int | None = None) -> Counter[int]:
        """How many calls took how many attempts."""
        return queries.attempts_per_call(self.calls(stream, client, service))

    def dose(
        self, fault: str, client: str, service: str, stream: int | None = None, workload: str | None = None
    ) -> queries.Dose:
        """What a request fault really did on its edge."""
        return queries.dose(self.calls(stream, client, service), fault, workload)

    def route_hashes(
        self, client: str, service: str, since_ns: int, stream: int | None = None
    ) -> Counter[str]:
        """Calls that started at or after a time (epoch ns), by the hash of the route that took them."""
        return queries.route_hashes(self.calls(stream, client, service), since_ns)

    def causes(self, stream: int | None = None) -> Counter[Cause]:
        """Failed requests by their one cause; those without one are counted under "unattributed"."""
        return queries.causes(self.requests(stream))

    def orphans(
        self, client: str, service: str, stream: int | None = None, *, slack_ms: float = SLACK_MS
    ) -> queries.Orphans:
        """Attempts on an edge that went on, by more than `slack_ms`, after nobody waited for them any more."""
        return queries.orphans(self.requests(stream), client, service, slack_ms=slack_ms)

    def recovery(
        self,
        since_ns: int,
        stream: int | None = None,
        *,
        slow_ms: float = math.inf,
        background: queries.Share | None = None,
        until_ns: int | None = None,
    ) -> queries.Recovery:
        """When users were well again after a heal (epoch ns) and stayed so; see `queries.recovery`."""
        return queries.recovery(
            self.requests(stream), since_ns, slow_ms=slow_ms, background=background, until_ns=until_ns
        )

    def strays(
        self,
        client: str,
        service: str,
        since_ns: int,
        stream: int | None = None,
        *,
        current: Collection[str] | None = None,
    ) -> queries.Strays:
        """Calls on an edge that met another policy than that in force since `since_ns` (epoch ns)."""
        return queries.strays(self.calls(stream, client, service), since_ns, current)

    def ejected_ms(
        self, client: str, service: str, server: str, replica: int, since_ns: int, stream: int | None = None
    ) -> float | None:
        """Milliseconds from a fault's start to the last attempt before a replica was first left out."""
        return queries.ejected_ms(self.calls(stream, client, service), server, replica, since_ns)

    def returned_ms(
        self, client: str, service: str, server: str, replica: int, since_ns: int, stream: int | None = None
    ) -> float | None:
        """Milliseconds from a healing to the first attempt that a replica got again."""
        return queries.returned_ms(self.calls(stream, client, service), server, replica, since_ns)

    def spacings(self, client: str, service: str, stream: int | None = None) -> list[float]:
        """Milliseconds between the attempts of a call, end to start."""
        return queries.spacings(self.calls(stream, client, service))

    def cutoffs(self, client: str, service: str, stream: int | None = None) -> queries.Cutoffs:
        """How long calls and attempts lasted that a timeout ended."""
        return queries.cutoffs(self.calls(stream, client, service))

    def overflow(self, client: str, service: str, stream: int | None = None) -> queries.Ratio:
        """Calls that a breaker stopped ÷ calls."""
        return queries.overflow(self.calls(stream, client, service))

    def cohorts(self, client: str, service: str, stream: int | None = None) -> dict[int, Counter[str]]:
        """By kind of request: where the calls of an edge went first."""
        return queries.cohorts(self.requests(stream), client, service)

    def fallbacks(
        self, client: str, service: str, others: Collection[str], stream: int | None = None
    ) -> queries.Ratio:
        """Calls that one of `others` answered well ÷ calls."""
        return queries.fallbacks(self.calls(stream, client, service), others)
