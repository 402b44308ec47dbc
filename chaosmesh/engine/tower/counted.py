"""The evidence of one claim in one episode: counts alone, whatever they are made of."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace

from chaosmesh.judge import Counting, Evidence


@dataclass(slots=True)
class Counted:
    """Values as they come; under faults that hit many requests at once in blocks (`judge.bursts`), of which the present
    one is open. `high`: the most that a value may be."""

    counting: Counting
    high: float = 1.0
    values: Counter[float] = field(default_factory=Counter)
    outcomes: int = 0
    _sum: float = 0.0
    _filled: int = 0
    _skip: int = 0

    def add(self, value: float) -> None:
        """One outcome."""
        self.outcomes += 1
        if not self.counting.in_blocks:
            self.values[value] += 1
            return
        if self._skip:
            self._skip -= 1
            return
        self._sum += value
        self._filled += 1
        if self._filled == self.counting.size:
            self.values[self._sum / self._filled] += 1
            self._sum, self._filled, self._skip = 0.0, 0, self.counting.gap

    @property
    def evidence(self) -> Evidence:
        """For the judge."""
        if self.counting.in_blocks:
            return replace(Evidence.counted(self.values, high=self.high), block=self.counting.size)
        if self.high == 1.0:
            return Evidence.share(self.outcomes, round(self.values[1.0]))
        return Evidence.counted(self.values, high=self.high)

    def as_json(self) -> dict[str, object]:
        """What the verdict can be told again from."""
        return {
            "values": sorted(self.values.items()),
            "outcomes": self.outcomes,
            "high": self.high,
            "block": self.counting.size,
            "gap": self.counting.gap,
            "why": self.counting.why,
        }


def told(facts: dict[str, object]) -> Evidence:
    """The evidence that `as_json` wrote down."""
    pairs = facts["values"]
    assert isinstance(pairs, list)
    values = {float(value): int(often) for value, often in pairs}
    high, block = float(str(facts["high"])), int(str(facts["block"]))
    if block > 1:
        return replace(Evidence.counted(values, high=high), block=block)
    if high == 1.0:
        whole = sum(values.values())
        return Evidence.share(whole, round(math.fsum(k * v for k, v in values.items())))
    return Evidence.counted(values, high=high)
