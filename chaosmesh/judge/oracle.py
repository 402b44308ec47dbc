"""What a retry policy predicts, in closed form, when each attempt fails by itself with a fixed chance.

Nothing here knows of breakers, budgets, timeouts or queues: where they act, what is observed departs from the
prediction, and that departure is a finding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


def success(share: float, retries: int) -> float:
    """Share of calls that succeed when a share of attempts fails and each call has `retries` more tries."""
    return 1 - share ** (retries + 1)


def attempts(share: float, retries: int) -> float:
    """Mean attempts a call: 1 + p + … + p^n."""
    return math.fsum(share**number for number in range(retries + 1))


def attempts_distribution(share: float, retries: int) -> dict[int, float]:
    """Chance of each number of attempts of a call."""
    early = {number: share ** (number - 1) * (1 - share) for number in range(1, retries + 1)}
    return early | {retries + 1: share**retries}


@dataclass(frozen=True, slots=True)
class Hop:
    """A call along one edge and the calls that its server makes in turn.

    `share`: attempts that the fault hits before the server's application sees them. `retries`: more tries that
    apply to this failure and to a failure passed on from below (0 when the policy retries neither). The
    application calls all of `calls` and fails when one of them does.
    """

    edge: str
    share: float = 0.0
    retries: int = 0
    calls: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Predicted:
    """What one edge should show: success and attempts per call, calls and attempts per entry request."""

    edge: str
    success: float
    attempts: float
    calls_per_request: float
    attempts_per_request: float


def predict(entry: Hop) -> tuple[Predicted, ...]:
    """Predictions for a tree of calls, the entry's own hop first, then depth first."""
    return tuple(_predict(entry, 1.0))


def worst_case(entry: Hop) -> dict[str, int]:
    """The most attempts that one entry request can make on each edge: the product of (1 + retries) above it."""
    most: dict[str, int] = {}
    _add_worst(entry, 1, most)
    return most


def _predict(hop: Hop, calls: float) -> Iterator[Predicted]:
    failing = 1 - (1 - hop.share) * math.prod(_success(one) for one in hop.calls)
    each = attempts(failing, hop.retries)
    yield Predicted(hop.edge, success(failing, hop.retries), each, calls, calls * each)
    for one in hop.calls:
        yield from _predict(one, calls * each * (1 - hop.share))


def _success(hop: Hop) -> float:
    failing = 1 - (1 - hop.share) * math.prod(_success(one) for one in hop.calls)
    return success(failing, hop.retries)


def _add_worst(hop: Hop, calls: int, most: dict[str, int]) -> None:
    tries = calls * (hop.retries + 1)
    most[hop.edge] = most.get(hop.edge, 0) + tries
    for one in hop.calls:
        _add_worst(one, tries, most)
