"""Sends by the second: each counted once, in the second in which it was."""

from __future__ import annotations

from chaosmesh.load.sends import Sends

NS = 10**9


def test_every_send_is_told_once_in_its_own_second() -> None:
    sends = Sends()
    assert sends.take() == []
    for at in (7 * NS, 7 * NS + 1, 8 * NS - 1, 8 * NS):
        sends.add(at)
    assert sends.take() == [(7, 3), (8, 1)]
    assert sends.take() == []
    sends.add(8 * NS + 5)
    sends.add(11 * NS)
    assert sends.take() == [(8, 1), (11, 1)]
    assert sends.total == 6


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    sends = Sends()
    sends.add(9 * NS)
    sends.add(4 * NS)
    assert sends.take() == [(9, 2)]
