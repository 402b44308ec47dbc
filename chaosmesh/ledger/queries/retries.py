"""Retries, timeouts and breakers of one edge, call by call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaosmesh.ledger.model import Attempt, Call
from chaosmesh.ledger.queries.shares import Ratio

TIMEOUT_FLAGS = frozenset({"UT", "DT", "SI", "UMSDR"})
"""Envoy's flags of what a sidecar's own clock ended: a try or request, a duration, silence, a stream's length."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Milliseconds that what a timeout ended had lasted: whole `calls` (the bound on a request), and single
    `attempts` of calls that went on, or that ended for another reason (the bound on a try)."""

    calls: tuple[float, ...]
    attempts: tuple[float, ...]


def spacings(calls: Iterable[Call]) -> list[float]:
    """Milliseconds from the end of each attempt to the start of the next one of the same call, in order of calls;
    complete calls only."""
    return [
        (after.start_ns - before.end_ns) / 1e6
        for call in calls
        if call.complete
        for before, after in pairwise(call.attempts)
    ]


def cutoffs(calls: Iterable[Call]) -> Cutoffs:
    """How long what a timeout ended had lasted, as the caller's sidecar measured it; complete calls only.

    A call whose bound ran out is counted as a call, and the attempt under way, which ended with it, is not
    counted. A call that a per-try timeout ended (its last attempt was cut, and nothing was left of its retries)
    is counted by its attempts.
    """
    whole: list[float] = []
    tries: list[float] = []
    for call in calls:
        if not call.complete:
            continue
        cut = [one for one in call.attempts if timed_out(one)]
        if timed_out(call) and not (cut and cut[-1] is call.attempts[-1] and per_try(call, cut[-1])):
            whole.append(call.duration_ms)
            cut = [one for one in cut if one is not call.attempts[-1]]
        tries += [one.duration_ms for one in cut]
    return Cutoffs(tuple(whole), tuple(tries))


def timed_out(one: Call | Attempt) -> bool:
    """Whether the caller's sidecar ended a call or an attempt because its time was up."""
    return not TIMEOUT_FLAGS.isdisjoint(one.flags)


def per_try(call: Call, last: Attempt) -> bool:
    """Whether the bound on a try ended the call's last attempt, rather than the bound on the whole call."""
    return "per_try" in call.details or "per_try" in last.details


def overflow(calls: Sequence[Call]) -> Ratio:
    """Calls that a breaker stopped (flag UO), at the caller's sidecar or the server's, ÷ calls; complete ones only."""
    whole = [one for one in calls if one.complete]
    return Ratio(sum(overflown(one) for one in whole), len(whole), len(calls) - len(whole))


def overflown(call: Call) -> bool:
    """Whether a breaker decided how a call ended."""
    if call.ok:
        return False
    last = call.attempts[-1:]
    return "UO" in call.flags or any("UO" in one.flags or "UO" in one.server_flags for one in last)
