"""Calls as a ledger would have them, and policies for the checks to read."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.appmesh import Resources, load
from chaosmesh.checks import Check, Plan, Seen, plan
from chaosmesh.ledger import Attempt, Call

ROOT = Path(__file__).resolve().parents[3]
AIRPORT = ROOT / "fixtures" / "airport"
ALPHA = 1e-4
_numbers = iter(range(1, 1_000_000))


def airport() -> Resources:
    return load([AIRPORT / "*.json"])


def planned(resources: Resources, profile: str = "appmesh") -> Plan:
    return plan(resources, profile=profile, alpha=ALPHA)


def check(found: Plan, name: str) -> Check:
    (one,) = [one for one in found.checks if one.id == name]
    return one


def attempt(number: int, status: int, *, server: str = "weather", ms: float = 1.0) -> Attempt:
    return Attempt(number, server, 0, 0, ms, status, matched=True)


def call(
    *statuses: int,
    route: str = "weather-route",
    status: int | None = None,
    ms: float = 5.0,
    server: str = "weather",
    first_ms: float = 1.0,
) -> Call:
    """A call with an attempt for each status; its own status is the last one's."""
    number = next(_numbers)
    attempts = tuple(
        attempt(index, one, server=server, ms=first_ms if index == 1 else 1.0)
        for index, one in enumerate(statuses, 1)
    )
    final = status if status is not None else statuses[-1] if statuses else 404
    return Call(
        "front",
        "weather.airport.local",
        str(number),
        f"{number:08x}",
        1,
        "",
        0,
        ms,
        final,
        (),
        "",
        route,
        "h",
        attempts,
    )


def seen(*calls: Call) -> Seen:
    return Seen(calls, ())


def nothing(one: Check) -> list[Seen]:
    return [Seen((), ()) for _ in one.probes]
