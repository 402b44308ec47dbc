"""When a replica stopped getting attempts and when it got them again, from the attempts alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaosmesh.ledger.model import Call

UNLIKELY = 1e-6
"""Chance that a replica in its usual rotation is passed by so often in a row; below it, it was left out."""

Sidecar = tuple[str, int | None]  # the calling workload and its replica: each sidecar ejects for itself
Track = list[tuple[int, bool]]  # start of an attempt (epoch ns), whether it went to the replica


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which a sidecar left a replica out: after the attempt at `last_ns` it got none before `first_ns`
    (None: none any more), while `passed` attempts went to others. Epoch nanoseconds."""

    caller: Sidecar
    last_ns: int
    first_ns: int | None
    passed: int


def absences(
    calls: Iterable[Call], server: str, replica: int, *, unlikely: float = UNLIKELY
) -> list[Absence]:
    """Absences of a replica of `server` from the calls of one service, by calling sidecar, in order of time.

    A gap is an absence when chance makes none as long: with n replicas seen, the chance that m attempts in a row go
    to the others is (1 − 1/n)^m. A workload with one replica has no other to compare with, and so no absence.
    """
    found: list[Absence] = []
    for caller, (track, replicas) in _tracks(calls, server, replica).items():
        if replicas > 1:
            needed = math.log(unlikely) / math.log(1 - 1 / replicas)
            found += _gaps(caller, track, needed)
    return sorted(found, key=lambda one: (one.last_ns, one.caller[0]))


def ejected_ms(calls: Sequence[Call], server: str, replica: int, since_ns: int) -> float | None:
    """Milliseconds from `since_ns` (a fault's start) to the last attempt that still reached the replica before its
    first absence; of several calling sidecars the slowest. None while one of them still sends it attempts."""
    after = [
        one for one in absences(calls, server, replica) if one.first_ns is None or one.first_ns > since_ns
    ]
    first: dict[Sidecar, int] = {}
    for one in after:
        first.setdefault(one.caller, one.last_ns)
    senders = {
        caller
        for caller, (track, _) in _tracks(calls, server, replica).items()
        if any(hit and at >= since_ns for at, hit in track)
    }
    if not first or not senders <= first.keys():
        return None
    return max(0.0, (max(first.values()) - since_ns) / 1e6)


def returned_ms(calls: Sequence[Call], server: str, replica: int, since_ns: int) -> float | None:
    """Milliseconds from `since_ns` (a healing) to the replica's first attempt again; of several calling sidecars
    that had left it out the slowest. None when none had left it out, or when one still does."""
    callers = {one.caller for one in absences(calls, server, replica) if one.last_ns < since_ns}
    tracks = _tracks(calls, server, replica)
    again = [
        min((at for at, hit in tracks[caller][0] if hit and at >= since_ns), default=None)
        for caller in callers
    ]
    if not again or None in again:
        return None
    return max((at - since_ns) / 1e6 for at in again if at is not None)


def _tracks(calls: Iterable[Call], server: str, replica: int) -> dict[Sidecar, tuple[Track, int]]:
    """By calling sidecar: its attempts that a host of `server` was picked for, and how many replicas it knows."""
    attempts: dict[Sidecar, list[tuple[int, int | None]]] = {}
    for call in calls:
        for one in call.attempts:
            if one.server == server and one.replica is not None:
                attempts.setdefault((call.client, call.replica), []).append((one.start_ns, one.replica))
    return {
        caller: ([(at, which == replica) for at, which in sorted(seen)], len({which for _, which in seen}))
        for caller, seen in attempts.items()
    }


def _gaps(caller: Sidecar, track: Track, needed: float) -> list[Absence]:
    found: list[Absence] = []
    last, passed = None, 0
    for at, hit in track:
        if not hit:
            passed += 1
            continue
        if last is not None and passed >= needed:
            found.append(Absence(caller, last, at, passed))
        last, passed = at, 0
    if last is not None and passed >= needed:
        found.append(Absence(caller, last, None, passed))
    return found
