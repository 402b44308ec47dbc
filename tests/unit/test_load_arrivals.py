"""Schedules: exact, seeded, bounded by count and duration."""

from __future__ import annotations

import statistics
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise

import pytest

from chaosmesh.load import RequestSpec, Stream
from chaosmesh.load.arrivals import offsets_ns, picks, schedule
from chaosmesh.load.shapes import NS

STREAM = Stream(1, "users", "http://127.0.0.1:8080", "front", (RequestSpec(),), 500)


@pytest.mark.parametrize("rate", [0.5, 3, 333.3, 500, 7_000, 10_000])
def test_constant_arrivals_never_drift(rate: float) -> None:
    for number, offset in enumerate(islice(offsets_ns("constant", rate, 0), 20_000)):
        assert abs(offset - Fraction(number * NS) / Fraction(rate)) <= 1


def test_poisson_gaps_have_the_mean_and_the_variance_of_an_exponential() -> None:
    times = list(islice(offsets_ns("poisson", 200, 7), 100_000))
    gaps = [after - before for before, after in pairwise(times)]
    assert statistics.mean(gaps) == pytest.approx(NS / 200, rel=0.02)
    assert statistics.pstdev(gaps) == pytest.approx(NS / 200, rel=0.02)
    assert min(gaps) >= 0


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    one, same, other = (list(islice(offsets_ns("poisson", 50, seed), 100)) for seed in (1, 1, 2))
    assert one == same != other


def test_ten_seconds_at_500_a_second_are_5000_requests() -> None:
    times = list(schedule(replace(STREAM, duration=10.0)))
    assert len(times) == 5_000
    assert times[-1] == 9_998_000_000


def test_count_and_duration_end_a_schedule_whichever_comes_first() -> None:
    assert len(list(schedule(replace(STREAM, count=7, duration=10.0)))) == 7
    assert len(list(schedule(replace(STREAM, count=7_000, duration=0.1)))) == 50


def test_without_an_end_a_schedule_goes_on() -> None:
    assert len(list(islice(schedule(STREAM), 100_000))) == 100_000


def test_a_mix_is_drawn_by_weight_and_seed() -> None:
    drawn = list(islice(picks([3.0, 1.0], 5), 40_000))
    assert drawn.count(0) / len(drawn) == pytest.approx(0.75, abs=0.01)
    assert drawn == list(islice(picks([3.0, 1.0], 5), 40_000))
    assert set(islice(picks([9.0], 5), 100)) == {0}
