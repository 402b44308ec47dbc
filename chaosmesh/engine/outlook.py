"""How long a verification will take, told before it begins: so that whoever watches knows what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaosmesh.checks.model import Check

AROUND_S = 1.5
"""Seconds that a run needs besides: the first requests, and the end of the ledger."""


def in_turn(checks: Iterable[Check]) -> list[Check]:
    """The checks in the order in which they ask for their turn."""
    return sorted(checks, key=lambda one: (one.turn, not one.alone, -one.seconds))


def checks_take(checks: Sequence[Check]) -> float:
    """Seconds until the last check ends, each beginning when all before it that it would disturb have ended."""
    ends: list[tuple[Check, float]] = []
    for one in checks:
        begin = max((end for other, end in ends if _disturb(one, other)), default=0.0)
        ends.append((one, begin + one.seconds))
    return max((end for _, end in ends), default=0.0)


def _disturb(one: Check, other: Check) -> bool:
    return bool(one.alone & (other.alone | other.shares) or one.shares & other.alone)
