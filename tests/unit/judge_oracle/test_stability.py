"""Recovered, draining or stuck: by arithmetic on small examples, then on simulated overloads.

The examples are those of "Metastable Failures in Distributed Systems" (HotOS'21) and "Metastable Failures in the Wild"
(OSDI'22).
"""

from __future__ import annotations

import math

import pytest

from chaosmesh.judge.oracle_overload import drain_s, hidden_capacity, hidden_capacity_budget
from chaosmesh.judge.queueing import Limits
from chaosmesh.judge.stability import Seen, backlog, classify
from tests.unit.judge_oracle.models import database

SLOW_BEATS = [0.01 * number for number in range(1000)]


def asked(well: float, *, since: float = 0.0, until: float = 10.0) -> list[tuple[float, bool]]:
    """A hundred requests a second, answered well from a time on."""
    return [(at, at >= well) for at in SLOW_BEATS if since <= at < until]


def test_the_queue_is_what_came_less_what_was_served() -> None:
    assert backlog([0.0, 0.0, 0.0], [(0.0, 1.0)], 0.5) == pytest.approx(2.5)
    assert backlog([0.0, 0.0, 0.0], [(0.0, 1.0)], 9.0) == 0
    assert backlog([0.0, 5.0], [(0.0, 1.0)], 5.5) == pytest.approx(0.5)  # idle time is lost
    assert backlog([0.0, 0.0, 0.0], [(0.0, 1.0), (1.0, 4.0)], 1.25) == pytest.approx(1)
    assert backlog([0.0, 0.0], [(0.0, None)], 0.1) == 0


def test_well_again_is_recovered_with_its_time() -> None:
    found = classify(Seen(asked(3.2), SLOW_BEATS, 2.0, 10.0, ((0.0, 200.0),)))
    assert (found.kind, found.recovered_s) == ("recovered", 1.5)  # of those from 3.0 to 3.5 too few were
    assert found.goodput == 1


def test_well_for_a_moment_is_not() -> None:
    dips = [(at, not 6.0 <= at < 7.0) for at in SLOW_BEATS]
    assert classify(Seen(dips, SLOW_BEATS, 2.0, 10.0)).recovered_s == pytest.approx(5.0)
    assert classify(Seen(dips, SLOW_BEATS, 2.0, 6.9)).kind == "unclear"


def test_a_queue_that_shortens_drains_and_its_end_is_told() -> None:
    """200 wait at second 2; 90 come a second and 100 go."""
    came = [0.0] * 400 + [number / 90 for number in range(1, 900)]
    found = classify(Seen(asked(99), came, 2.0, 10.0, ((0.0, 100.0),)))
    assert found.kind == "draining"
    assert found.growth == pytest.approx(-10, abs=1)
    left = 400 - 10 * 10.0
    assert found.drain_s == pytest.approx(left / 10, rel=0.1)
    assert found.queue_s == pytest.approx(left / 100, abs=0.05)


def test_a_queue_that_grows_is_stuck() -> None:
    came = [number / 110 for number in range(1100)]
    found = classify(Seen(asked(99), came, 2.0, 10.0, ((0.0, 100.0),)))
    assert (found.kind, found.drain_s) == ("stuck", None)
    assert "never ends by itself" in str(found)


@pytest.mark.parametrize("rate", [99.9, 100, 100.1])
def test_what_can_not_be_told_apart_from_a_slow_drain_is_not_called_stuck(rate: float) -> None:
    came = [0.0] * 300 + [number / rate for number in range(1000)]
    assert classify(Seen(asked(99), came, 2.0, 10.0, ((0.0, 100.0),))).kind == "unclear"


def test_without_the_capacity_nothing_is_told_but_a_recovery() -> None:
    came = [number / 110 for number in range(1100)]
    assert classify(Seen(asked(99), came, 2.0, 10.0)).kind == "unclear"
    assert classify(Seen(asked(3), came, 2.0, 10.0)).kind == "recovered"


def test_users_who_fail_beside_an_idle_server_are_unclear() -> None:
    found = classify(Seen(asked(99), [number / 50 for number in range(500)], 2.0, 10.0, ((0.0, 100.0),)))
    assert found.kind == "unclear"
    assert "must have served" in found.why


def test_what_was_usual_before_counts() -> None:
    """Half of the requests have always failed: half is well."""
    half = [(at, number % 2 == 0) for number, at in enumerate(SLOW_BEATS)]
    assert classify(Seen(half, SLOW_BEATS, 4.0, 10.0), since=2.0).kind == "recovered"
    assert classify(Seen(half, SLOW_BEATS, 4.0, 10.0)).kind == "unclear"


def test_users_who_were_never_well_have_not_recovered() -> None:
    never = [(at, False) for at in SLOW_BEATS]
    assert classify(Seen(never, SLOW_BEATS, 4.0, 10.0), since=2.0).kind == "unclear"


@pytest.mark.parametrize("poisson", [False, True])
def test_a_slow_drain_is_never_called_stuck_however_often_one_looks(poisson: bool) -> None:
    """At 48 requests a second 96 of 100 are served again each second: it takes a minute."""
    plan = ((0.0, 100.0), (2.0, 0.001), (3.5, 100.0))
    for seed in range(3):
        _, run = database(
            48,
            capacity=100,
            retries=1,
            timeout=0.25,
            outage=1.5,
            cut=0.001,
            after=20,
            poisson=poisson,
            seed=seed,
        )
        for tenth in range(37, 230, 10):
            now = tenth / 10
            asked = [(one.start, one.ok) for one in run.requests if one.end <= now]
            arrived = [at for at in run.arrived["database"] if at < now]
            assert classify(Seen(asked, arrived, 3.5, now, plan), since=2.0).kind != "stuck", (seed, now)


# -- HotOS'21 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", [100, 130, 140])
def test_hotos21_below_half_the_capacity_it_drains_in_the_time_told(load: float) -> None:
    """300/s, a timeout of 1 s, one retry, an outage of 10 s."""
    told = drain_s(10, load, 300, 1)
    late = load * 1.0 / (300 - 2 * load)  # what is asked for in the last second has not come again yet
    found, _ = database(load, capacity=300, retries=1, timeout=1.0, outage=10, cut=0.001, after=0.5 * told)
    assert found.kind == "draining"
    assert found.drain_s == pytest.approx(0.5 * told - late, rel=0.05)
    found, _ = database(load, capacity=300, retries=1, timeout=1.0, outage=10, cut=0.001, after=told)
    assert (found.kind, found.drain_s) == ("recovered", 0)


@pytest.mark.parametrize("load", [155, 200, 280])
def test_hotos21_above_it_goodput_stays_zero(load: float) -> None:
    found, run = database(load, capacity=300, retries=1, timeout=1.0, outage=10, cut=0.001, after=20)
    assert found.kind == "stuck"
    assert run.goodput(14.0, 32.0) == 0


def test_hotos21_without_retries_280_recovers() -> None:
    assert drain_s(10, 280, 300, 0) == pytest.approx(140)
    found, _ = database(280, capacity=300, retries=0, timeout=1.0, outage=10, cut=0.001, after=40)
    assert found.kind == "draining"
    found, _ = database(280, capacity=300, retries=0, timeout=1.0, outage=10, cut=0.001, after=150)
    assert found.kind == "recovered"


@pytest.mark.parametrize("retries", [1, 2, 4])
@pytest.mark.parametrize("poisson", [False, True])
def test_the_boundary_is_the_capacity_over_the_tries(retries: int, poisson: bool) -> None:
    """Found by halving, for several seeds, within a tenth."""
    capacity = 100.0
    for seed in (1, 2):
        low, high = 8.0, 90.0
        while high / low > 1.05:
            load = (low * high) ** 0.5
            found, _ = database(
                load,
                capacity=capacity,
                retries=retries,
                timeout=0.25,
                outage=1.5,
                cut=0.001,
                after=20,
                poisson=poisson,
                seed=seed,
            )
            assert not (found.kind == "stuck" and load < 0.9 * hidden_capacity(capacity, retries)), (
                load,
                found,
            )
            if found.kind in ("recovered", "draining"):
                low = load
            else:
                high = load
        assert (low * high) ** 0.5 == pytest.approx(hidden_capacity(capacity, retries), rel=0.1)


@pytest.mark.parametrize("limits", [Limits(percent=20), Limits(retries=3)])
def test_a_budget_or_a_breaker_moves_the_boundary_as_told(limits: Limits) -> None:
    """Three retries under way at once, each for a timeout and its back-off, are so many a second."""
    capacity, timeout = 100.0, 0.25
    told = hidden_capacity_budget(capacity, 3 / (timeout + 0.0125))
    assert told == pytest.approx(88.6, abs=0.1)
    kinds = {
        round(share, 2): database(
            share * told,
            capacity=capacity,
            retries=1,
            timeout=timeout,
            outage=1.0,
            cut=0.001,
            after=40,
            limits=limits,
        )[0].kind
        for share in (0.6, 0.9, 1.1)
    }
    assert kinds[0.6] == kinds[0.9] == "recovered"
    if limits.percent is None:
        assert kinds[1.1] == "stuck"


# -- OSDI'22 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "outage", "load", "kind"),
    [
        (0.22, 8.0, 62, "recovered"),  # a smaller cut
        (0.20, 8.0, 62, "stuck"),
        (0.20, 4.0, 62, "recovered"),  # a shorter one
        (0.20, 8.0, 42, "recovered"),  # less load
    ],
)
def test_osdi22_magnitude_duration_and_load_each_turn_it(
    kept: float, outage: float, load: float, kind: str
) -> None:
    """The shape of its figure 5: capacity cut by 78 or 80 %, up to four retries; times and rates are scaled."""
    capacity = 295.0
    assert 42 < hidden_capacity(capacity, 4) < 62
    for seed in range(5):
        found, _ = database(
            load,
            capacity=capacity,
            retries=4,
            timeout=0.25,
            outage=outage,
            cut=kept * capacity,
            after=10,
            seed=seed,
        )
        assert found.kind == kind, (seed, found)


def test_never_is_infinite() -> None:
    assert drain_s(10, 150, 300, 1) == math.inf
    assert hidden_capacity(300, 1) == 150
    assert hidden_capacity(300, 1, 60) == 120
    assert hidden_capacity_budget(300, 20) == 280  # "or retries < 20 a second"
