"""Orphaned work: what went on after nobody waited for it any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaosmesh.ledger.model import Attempt, Call, Request

SLACK_MS = 20.0
"""A cancellation that is passed on needs a moment for each hop: attempts that end within it were not orphaned."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """`orphaned` of `attempts` attempts on an edge ended after the caller of their call had given up, and did
    `wasted_ms` milliseconds of work after that. `left_out` requests are not counted: rows of theirs are missing."""

    attempts: int
    orphaned: int
    wasted_ms: float
    left_out: int = 0

    @property
    def share(self) -> float | None:
        """The share of attempts that was orphaned, None without attempts."""
        return self.orphaned / self.attempts if self.attempts else None


def orphans(requests: Iterable[Request], client: str, service: str, *, slack_ms: float = SLACK_MS) -> Orphans:
    """Attempts on an edge that ended more than `slack_ms` after the first of: the end of their call, the end of
    any attempt above it (found by the lineage), and the moment when the generator had its answer or gave up.

    Applications that don't pass the lineage on hide which attempt caused a call: then only the call itself and
    the generator's request are above it.
    """
    attempts = orphaned = left_out = 0
    wasted = 0.0
    for one in requests:
        if not one.complete:
            left_out += 1
            continue
        for call in one.calls:
            if (call.client, call.service) != (client, service):
                continue
            given_up = _given_up_ns(one, call)
            attempts += len(call.attempts)
            for attempt in call.attempts:
                if attempt.end_ns - given_up > slack_ms * 1e6:
                    orphaned += 1
                    wasted += (attempt.end_ns - max(given_up, attempt.start_ns)) / 1e6
    return Orphans(attempts, orphaned, round(wasted, 3), left_out)


def _given_up_ns(request: Request, call: Call) -> int:
    """When the first of everybody who waited for a call stopped waiting."""
    ends = [request.done_ns, *(one.end_ns for one in _above(request, call))]
    return min(ends) if call.lost else min(call.end_ns, *ends)


def _above(request: Request, call: Call) -> list[Attempt]:
    """The attempts that led to a call, the nearest first."""
    if not call.lineage:
        return []
    for other in request.calls:
        for one in other.attempts:
            if one.server == call.client and one.lineage == call.lineage:
                return [one, *_above(request, other)]
    return []
