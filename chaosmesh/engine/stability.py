"""What became of a run once its faults were healed, from its ledger and the capacities of its stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chaosmesh.judge.stability import Seen, Stability, classify
from chaosmesh.ledger import FaultEvent, Ledger

OVERLOAD: Final = "overload"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Requests/s of each replica of a stand-in, by the scenario file."""

    each: float
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Cause:
    """When trouble came and when it was gone, epoch nanoseconds."""

    since_ns: int
    healed_ns: int


def cause_of(ledger: Ledger, streams: Sequence[int], node: str = "") -> Cause | None:
    """From the first fault that came while these streams ran to the last that was healed; None where none was.

    `node`: only faults on this workload count.
    """
    times = [one.intended_ns for stream in streams for one in ledger.requests(stream)]
    if not times:
        return None
    events = [
        one
        for one in ledger.faults
        if min(times) <= one.at_ns <= max(times) and (not node or _is_on(one, node))
    ]
    applied = [one.begun_ns or one.at_ns for one in events if one.phase == "applied"]
    healed = [one.at_ns for one in events if one.phase == "healed"]
    return Cause(min(applied), max(healed)) if applied and healed else None


def stability_of(
    ledger: Ledger, streams: Sequence[int], capacities: Mapping[str, Capacity], cause: Cause
) -> Stability | None:
    """Whether the run recovered, drains or is stuck; None where no request came after the cause was gone.

    Of several limited stand-ins the one with the longest queue in time decides.
    """
    requests = [one for stream in streams for one in ledger.requests(stream)]
    if not requests or max(one.intended_ns for one in requests) <= cause.healed_ns:
        return None
    zero = min(one.intended_ns for one in requests)
    asked = sorted(((one.intended_ns - zero) / 1e9, one.ok) for one in requests)
    healed, end = (cause.healed_ns - zero) / 1e9, asked[-1][0]
    since = max((cause.since_ns - zero) / 1e9, 0.0)
    limited = [one for one in ledger.faults if one.kind == OVERLOAD]
    found = [
        classify(
            Seen(
                asked,
                _arrivals(ledger, streams, name, zero),
                healed,
                end,
                capacity_over_time(name, capacity, limited, zero),
            ),
            since=since,
        )
        for name, capacity in capacities.items()
    ]
    if not found:
        return classify(Seen(asked, (), healed, end), since=since)
    return max(found, key=lambda one: one.queue_s or 0.0)


def capacity_over_time(
    name: str, capacity: Capacity, events: Iterable[FaultEvent], zero_ns: int
) -> tuple[tuple[float, float], ...]:
    """Requests/s of all replicas together, piece by piece; seconds from `zero_ns` on."""
    cut: dict[int, float] = {}
    pieces = [(float("-inf"), capacity.each * capacity.replicas)]
    for one in sorted(events, key=lambda one: one.at_ns):
        for replica in _replicas(one, name, capacity.replicas):
            if one.phase == "healed":
                cut.pop(replica, None)
            elif one.phase == "applied" and isinstance(told := one.attributes.get("capacity"), int | float):
                cut[replica] = float(told)
        total = sum(cut.get(index, capacity.each) for index in range(capacity.replicas))
        pieces.append(((one.at_ns - zero_ns) / 1e9, total))
    return tuple(pieces)


def _replicas(event: FaultEvent, name: str, number: int) -> Sequence[int]:
    """Which replicas of a workload an event is about."""
    one = event.attributes.get("replica")
    node, _, index = event.target.removeprefix(">").rpartition(".")
    if event.target.removeprefix(">") == name:
        return (one,) if isinstance(one, int) else range(number)
    return (int(index),) if node == name and index.isdecimal() else ()


def _is_on(event: FaultEvent, node: str) -> bool:
    target = event.target.removeprefix(">")
    return target == node or target.rpartition(".")[0] == node


def _arrivals(ledger: Ledger, streams: Sequence[int], server: str, zero_ns: int) -> list[float]:
    """When attempts came to a server, in seconds; those that never reached it left out."""
    attempts = (
        attempt
        for stream in streams
        for call in ledger.calls(stream)
        for attempt in call.attempts
        if attempt.server == server and (attempt.matched or attempt.lost)
    )
    return sorted((one.start_ns - zero_ns) / 1e9 for one in attempts)
