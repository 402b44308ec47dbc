"""Shapes: the integral is exact, nothing drifts, and what can't be sent is refused before anything is."""

from __future__ import annotations

from dataclasses import replace
from itertools import count, islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosmesh import shapes
from chaosmesh.errors import UsageError
from chaosmesh.load import RequestSpec, Stream, wire
from chaosmesh.load.arrivals import schedule
from chaosmesh.load.shapes import NS, Piece, Shape

STREAM = Stream(1, "users", "http://127.0.0.1:8080", "front", (RequestSpec(),), 1)
DAY = """
from locust import LoadTestShape

class Base(LoadTestShape):
    abstract = True

class Day(LoadTestShape):
    def tick(self):
        if self.get_run_time() < 3:
            return 50, 50
        return (200, 300) if self.get_run_time() < 5 else None
"""


def times(shape: Shape, **more: object) -> list[float]:
    return [one / NS for one in schedule(replace(STREAM, shape=shape, **more))]


def test_steps_give_each_rate_for_its_time_and_end() -> None:
    found = times(shapes.steps((50, "2s"), (200, "2s")))
    assert len(found) == 500
    assert found[:100] == pytest.approx([n / 50 for n in range(100)])
    assert found[100:] == pytest.approx([2 + n / 200 for n in range(400)])


def test_a_spike_comes_when_it_is_said_to_and_goes_again() -> None:
    shape = shapes.spike(base=50, peak=400, at="2s", width="1s")
    found = times(shape)
    assert (len(found), shape.seconds, shape.peak) == (600, 5.0, 400)
    assert sum(2 <= one < 3 for one in found) == 400
    assert shapes.spike(50, 400, "2s", "1s", after="0.5s").seconds == 3.5


def test_a_ramp_is_integrated_exactly() -> None:
    found = times(shapes.ramp(0, 100, over="10s", hold="1s"))
    assert len(found) == 600
    assert found[:500] == pytest.approx([(n / 5) ** 0.5 for n in range(500)])


def test_a_day_has_its_night_at_the_ends_and_the_area_of_a_cosine() -> None:
    shape = shapes.diurnal(10, 110, period="24s")
    assert shape.requests == pytest.approx(24 * 60)
    assert [shape.rate_at(at) for at in (0, 6, 12, 18)] == pytest.approx([10, 60, 110, 60])
    assert shape.rate_at(24) == shape.rate_at(-1) == 0
    assert len(times(shapes.diurnal(10, 110, period="24s", days=2))) == 2 * 24 * 60


PIECES = st.lists(
    st.builds(Piece, st.floats(0.01, 2), st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=8
)


@settings(deadline=None)
@given(PIECES)
def test_no_shape_drifts_or_goes_back(pieces: list[Piece]) -> None:
    shape = Shape("any", tuple(pieces))
    found = list(shape.offsets_ns(count()))
    assert abs(len(found) - shape.requests) <= 1
    assert all(before <= after for before, after in pairwise(found))
    for number, offset in list(enumerate(found))[:: max(1, len(found) // 50)]:
        assert area(shape, offset / NS) == pytest.approx(number, abs=1e-3)


def area(shape: Shape, until: float) -> float:
    """Requests due up to a time, added up piece by piece."""
    total = 0.0
    for one in shape.pieces:
        part = min(until, one.seconds)
        end = one.start + (one.end - one.start) * part / one.seconds
        total += part * (one.start + end) / 2
        until -= part
    return total


def test_poisson_arrivals_follow_the_shape() -> None:
    shape = shapes.steps((100, "50s"), (400, "50s"))
    found = times(shape, arrivals="poisson", seed=3)
    slow, quick = sum(one < 50 for one in found), sum(one >= 50 for one in found)
    assert slow == pytest.approx(5_000, abs=4 * 5_000**0.5)
    assert quick == pytest.approx(20_000, abs=4 * 20_000**0.5)
    assert found == times(shape, arrivals="poisson", seed=3) != times(shape, arrivals="poisson", seed=4)


def test_count_and_duration_end_a_shape_too() -> None:
    shape = shapes.steps((100, "10s"))
    assert len(times(shape, count=7)) == 7
    assert len(times(shape, duration=0.5)) == 50
    assert len(list(islice(schedule(replace(STREAM, shape=shape)), 2_000))) == 1_000


def test_a_shape_survives_the_way_to_the_generator() -> None:
    stream = replace(STREAM, shape=shapes.diurnal(1, 5, "3s"))
    assert wire.stream_from_json(wire.stream_to_json(stream)) == stream


@pytest.mark.parametrize(
    "make",
    [
        lambda: shapes.steps((0, "2s")),
        lambda: shapes.steps((-1, "2s"), (50, "2s")),
        lambda: shapes.steps((50, "2")),
        lambda: shapes.steps((50, "0s")),
        lambda: shapes.steps(50),
        lambda: shapes.steps(),
        lambda: shapes.spike(50, float("inf"), "1s", "1s"),
        lambda: shapes.diurnal(1, 2, "1s", days=0),
        lambda: shapes.diurnal("1", 2, "1s"),
        lambda: shapes.spike(50, "x", "1s", "1s"),
        lambda: shapes.ramp("a", 5, "1s"),
    ],
)
def test_what_can_not_be_sent_is_refused(make) -> None:
    with pytest.raises(UsageError):
        make()


class Plain:
    """A shape as Locust would ask it, without importing Locust into this process."""

    def tick(self) -> tuple[float, float] | None:
        at = self.get_run_time()
        return (10, 5) if at < 4 else None


def test_a_locust_shape_is_a_rate_reached_at_its_spawn_rate() -> None:
    shape = shapes.from_locust(Plain)
    assert shape.pieces == (Piece(1, 0, 5), Piece(1, 5, 10), Piece(2, 10, 10))


def test_a_file_with_a_locust_shape_is_read_by_locusts_own_process(tmp_path: Path) -> None:
    file = tmp_path / "day.py"
    file.write_text(DAY)
    shape = shapes.from_locust(f"{file}:Day")
    assert shape.pieces == (Piece(1, 0, 50), Piece(2, 50, 50), Piece(0.5, 50, 200), Piece(1.5, 200, 200))
    assert shapes.from_locust(file) == shape


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("import nothing_like_it\n", 1, "nothing_like_it"),
        ("x = 1\ndef (:\n", 2, "invalid syntax"),
        (DAY.replace("(200, 300)", "1 / 0"), 11, "ZeroDivisionError"),
        ("from locust import LoadTestShape\n", 1, "which LoadTestShape"),
    ],
)
def test_a_broken_file_gives_one_error_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = tmp_path / "day.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=words) as error:
        shapes.from_locust(file)
    assert error.value.where is not None
    assert error.value.where.line == line


def test_ticks_that_mean_nothing_are_refused() -> None:
    for answer in ((1, 0), (-1, 1), 5, (1, 1, [int])):
        made = type("Odd", (), {"tick": lambda _, answer=answer: answer})
        with pytest.raises(UsageError):
            shapes.from_locust(made)
    with pytest.raises(UsageError, match=r"no tick\(\)"):
        shapes.from_locust(int)
