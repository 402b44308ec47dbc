"""The host's part in slowness."""

from __future__ import annotations

import asyncio
import time

import pytest

from chaosmesh.engine import host
from chaosmesh.engine.cores import Cores
from chaosmesh.engine.host import Watch, blamed, calm
from chaosmesh.runtime import Ticks


class Keeper:
    """Ticks as written, the last one for ever."""

    def __init__(self, *ticks: tuple[int, int]) -> None:
        self._ticks = list(ticks)

    async def ticks(self) -> Ticks:
        return Ticks(*(self._ticks.pop(0) if len(self._ticks) > 1 else self._ticks[0]))


def watch(*ticks: tuple[int, int]) -> Watch:
    return asyncio.run(Watch.start(Keeper(*ticks)))  # type: ignore[arg-type]


def test_one_late_tick_in_a_hundred_is_still_on_time():
    assert asyncio.run(watch((100, 0), (200, 1)).starved()) is None


def test_more_late_ticks_say_that_the_host_starved():
    text = asyncio.run(watch((100, 5), (200, 7)).starved())
    assert text == "the host starved: 2 of 100 ticks came more than 50 ms late"


@pytest.mark.parametrize(
    ("on", "off", "crowded"), [(0.5, 0.5, False), (0.3, 0.69, True), (0.3, 0.4, False), (0.001, 0.9, False)]
)
def test_a_busy_process_that_mostly_waited_for_a_core_makes_the_host_crowded(monkeypatch, on, off, crowded):
    def read(pids):
        return {7: (int(1e9 + on * 10e9), int(2e9 + off * 10e9))} if pids else {}

    monkeypatch.setattr(host, "_times", read)
    seen = Watch(None, Ticks(0, 0), time.monotonic() - 10, {7: (int(1e9), int(2e9))}, Cores(0, 0, {1: 0}))  # type: ignore[arg-type]
    assert bool(seen.crowded()) is crowded


@pytest.mark.parametrize(
    ("waited", "now", "crowded"),
    [
        (8, Cores(950, 50, {1: 350}), True),
        (8, Cores(950, 50, {1: 900}), False),  # the mesh itself
        (8, Cores(700, 300, {1: 300}), False),  # cores were free
        (2, Cores(950, 50, {1: 350}), False),  # whoever answers had time
    ],
)
def test_others_crowd_a_host_where_they_have_the_cores_and_we_wait_for_them(
    monkeypatch, waited, now, crowded
):
    monkeypatch.setattr(host, "_times", lambda pids: {7: (int(2e9), int(waited * 1e9))} if pids else {})
    monkeypatch.setattr(Cores, "now", lambda _roots: now)
    seen = Watch(None, Ticks(0, 0), time.monotonic() - 10, {7: (0, 0)}, Cores(0, 0, {1: 0}))  # type: ignore[arg-type]
    told = seen.crowded_by_others()
    assert bool(told) is crowded
    if told:
        assert blamed(told) == "host"
        assert told.endswith("and other programs had 60% of the cores")


def test_a_process_that_is_gone_says_nothing():
    assert host._times([2**22 + 1]) == {}


LATE = "the generator's lag p99 was 14.7 ms, allowed 5.0 ms"


def test_calm_is_when_no_tick_was_late_for_a_while(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(host, "QUIET_S", 0.0)
    keeper = Keeper((0, 0), (100, 9), (150, 9), (200, 12), (250, 12), (300, 12), (400, 50))
    asyncio.run(calm(keeper, [LATE], said.append))  # type: ignore[arg-type]
    assert keeper._ticks == [(400, 50)]  # late, late again, and then not
    assert said == [f"measured anew once the host has time (20 s at most): {LATE}"]


def test_what_is_nobodys_lack_of_time_waits_for_nothing():
    asyncio.run(calm(None, ["the fault met none of 300 attempts"], pytest.fail))  # type: ignore[arg-type]


def test_a_host_that_never_comes_to_rest_keeps_nobody(monkeypatch):
    monkeypatch.setattr(host, "PATIENCE_S", 0.05)
    asyncio.run(calm(Keeper(*((n * 10, n) for n in range(2000))), [LATE], print))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "who"),
    [
        ("the host starved: 2 of 100 ticks came more than 50 ms late", "host"),
        ("the generator's lag p99 was 14.7 ms, allowed 5.0 ms", "generator"),
        ("the fault met none of 300 attempts", None),
    ],
)
def test_who_is_blamed_for_a_measurement_that_says_nothing(reason, who):
    assert blamed(reason) == who
