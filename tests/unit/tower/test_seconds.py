"""Counts by second: what is kept, for how long, and the figures of it."""

from __future__ import annotations

import math
from array import array

from chaosmesh.engine.tower.seconds import KEEP_S, NS, EntrySecond, Seconds, quantiles


def test_quantiles_are_those_of_the_ledger() -> None:
    values = [float(value) for value in range(1, 101)]
    assert quantiles([array("d", values[:50]), array("d", values[50:])], (0.5, 0.95, 0.99, 1.0)) == [
        50.0,
        95.0,
        99.0,
        100.0,
    ]
    assert quantiles([array("d", [1.0, math.inf])], (0.5, 0.99)) == [1.0, None]
    assert quantiles([array("d")], (0.5,)) == [None]


def test_old_seconds_keep_their_percentiles_and_lose_their_latencies() -> None:
    seconds = Seconds(EntrySecond, 100)
    seconds.at(5 * NS + 1).ms.extend([3.0, 4.0, 5.0])
    seconds.roll(5 + KEEP_S + 1)
    [(_, one)] = seconds.of(5, 6)
    assert one is not None
    assert (len(one.ms), one.points) == (0, (4.0, 5.0, 5.0))


def test_memory_is_bounded() -> None:
    seconds = Seconds(EntrySecond, 100)
    for number in range(5000):
        seconds.at(number * NS).done += 1
        seconds.roll(number)
    assert len(seconds) <= 101
    assert sum(one.done for _, one in seconds.of(0, 5000) if one) == len(seconds)
