"""Has a verdict turned for good? Of items that give no share: a rule that takes effect or does not.

A night says good or bad. While nothing changes an item turns by chance at most once in 1 / `LUCK` nights, because each
verdict is right but for its share of the run's error; an item that has turned before is believed to do so as often as it did,
reckoned high. For each night j a bet is kept that from j on nine of ten nights are the other way: the likelihood ratio, a
martingale of mean at most 1 without a change. Their sum is held against the same line as in `nights`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaosmesh.judge.nights import FEWEST_AFTER, FEWEST_BEFORE, LOOK_BACK

LUCK = 1e-3
"""Chance that a night turns an item that never turned: ten times what a claim may spend in a run."""

TURNED = 0.9
"""Share of the nights after a change that are expected to be the new way."""


@dataclass(frozen=True, slots=True)
class Flip:
    """The verdict turned. `start`: index of the first night of the new one; `down`: from good to bad."""

    start: int
    down: bool
    log_evidence: float


def flip(nights: Sequence[bool], log_needed: float) -> Flip | None:
    """The turn that the nights up to the last one prove (True: good), if so."""
    found = [one for down in (True, False) if (one := _flip(nights, log_needed, down=down)) is not None]
    return max(found, key=lambda one: one.log_evidence, default=None)


def _flip(nights: Sequence[bool], log_needed: float, *, down: bool) -> Flip | None:
    other = [good == down for good in nights]  # True: as it is before the turn
    logs: dict[int, float] = {}
    for start in range(max(FEWEST_BEFORE, len(nights) - LOOK_BACK), len(nights) - FEWEST_AFTER + 1):
        before, after = other[:start], other[start:]
        if sum(before) * 2 <= start or after[0]:
            continue
        turned = before.count(False)
        luck = (turned + 2) / (start + 2) if turned else LUCK
        logs[start] = sum(
            math.log((1 - TURNED) / (1 - luck)) if same else math.log(TURNED / luck) for same in after
        )
    if not logs or (evidence := _logsum(logs.values())) < log_needed:
        return None
    start = max(logs, key=lambda one: (logs[one], -one))
    return Flip(start, down, evidence) if other[start:].count(False) >= FEWEST_AFTER else None


def _logsum(logs: Iterable[float]) -> float:
    values = list(logs)
    most = max(values)
    return most + math.log(math.fsum(math.exp(one - most) for one in values))
