"""Charts: places follow from numbers, nothing is drawn for what is not there, and texts are escaped."""

from __future__ import annotations

import re

import pytest

from chaosmesh.mesh.picture import Arrow, Picture, Spot
from chaosmesh.report.charts import (
    Axis,
    Band,
    Interval,
    Link,
    Series,
    Shade,
    bars,
    curve,
    intervals,
    lines,
    spark,
    topology,
)
from chaosmesh.report.charts.model import clock, ms, plain, share
from chaosmesh.report.charts.scale import Scale, scale

X = Axis("time", clock)


def paths(text: str, kind: str) -> list[str]:
    return re.findall(rf'<path d="([^"]*)" class="{kind}', text)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2.5, 5, 7.5, 10]),
        (0, 0.9, [0, 0.25, 0.5, 0.75]),
        (0, 1234, [0, 500, 1000]),
        (20, 24, [20, 21, 22, 23, 24]),
    ],
)
def test_ticks_are_round_numbers_within_the_ends(low: float, high: float, ticks: list[float]) -> None:
    assert Scale(low, high).ticks(4) == ticks


def test_a_scale_has_a_length_whatever_the_numbers_are() -> None:
    for values in ([], [0.0], [5.0, 5.0], [float("inf")]):
        for axis in (Axis("y"), Axis("y", log=True)):
            found = scale(axis, values)
            assert found.high > found.low
            assert 0 <= found.at(3) <= 1


def test_a_gap_breaks_a_line_and_a_lone_point_is_a_dot() -> None:
    text = lines(
        [Series("a", [(0, 1.0), (1, 2.0), (2, None), (3, 2.0), (4, None)])], title="t", x=X, y=Axis("y")
    )
    [line] = paths(text, "line s1")
    assert line.count("M") == 2
    [dot] = paths(text, "dot s1")
    assert dot == "M750 0h0"


def test_places_follow_from_numbers() -> None:
    text = lines(
        [Series("a", [(0, 0.0), (10, 10.0)])], title="t", x=X, y=Axis("y"), shades=[Shade(5, 10, "fault")]
    )
    assert paths(text, "line s1") == ["M0 1000 1000 0"]
    assert '<svg x="50.00%" width="50.00%"' in text


def test_a_band_is_drawn_and_named() -> None:
    text = lines(
        [Series("a", [(0, 5.0), (1, 5.0)])],
        title="t",
        x=X,
        y=Axis("y"),
        band=Band("predicted", [(0, 2, 4), (1, 2, 10)]),
    )
    assert paths(text, "fill band") == ["M0 600 1000 0 1000 800 0 800Z"]
    assert "predicted</li>" in text


def test_columns_are_stacked() -> None:
    series = [Series("ok", [(0, 6.0), (1, 8.0)], "good"), Series("bad", [(0, 2.0)], "bad")]
    text = bars(series, title="t", width=1, x=X, y=Axis("n", high=8))
    assert paths(text, "fill good") == ["M0 1000V250H500V1000ZM500 1000V0H1000V1000Z"]
    assert paths(text, "fill bad") == ["M0 250V0H500V250Z"]


def test_percentiles_are_as_far_apart_as_they_are_rare() -> None:
    text = curve([Series("a", [(0.5, 1.0), (0.9, 10.0), (0.99, 100.0)])], title="t")
    [line] = paths(text, "line s1")
    xs = [float(one) for one in line.removeprefix("M").split()[::2]]
    assert xs[0] == 0
    assert xs[2] == 1000
    assert xs[1] == pytest.approx(1000 * (1 - 0.30103) / (2 - 0.30103), abs=1)


def test_an_interval_stands_on_its_scale() -> None:
    text = intervals([Interval("a", 0.5, 0.25, 0.75, 0.9, "good")], title="t", low=0, high=1)
    assert 'x1="25.00%" x2="75.00%"' in text
    assert 'cx="50.00%"' in text
    assert "50 % (25 % – 75 %)" in text


def test_nothing_counted_is_no_estimate() -> None:
    text = intervals([Interval("a", None, None, None)], title="t")
    assert "circle" not in text
    assert "<td>–</td>" in text


def test_links_to_what_is_not_there_are_left_out() -> None:
    picture = Picture(
        (Spot("a", "a", "node", 0, 0.0), Spot("b", "b", "node", 1, 0.0)),
        (Arrow("a->b", "a", "b", (("b", 100.0),)),),
        2,
        1,
    )
    text = topology(picture, [Link("a", "b", "90 %"), Link("a", "gone")], title="t")
    assert len(paths(text, "link")) == 1
    assert "gone" not in text


def test_names_are_escaped_everywhere() -> None:
    name = '<b>&"'
    picture = Picture((Spot("a", name, "node", 0, 0.0), Spot("b", name, "node", 1, 0.0)), (), 2, 1)
    made = [
        lines(
            [Series(name, [(0, 1.0), (1, 2.0)])],
            title=name,
            x=X,
            y=Axis(name),
            shades=[Shade(0, 1, name)],
            summary=name,
        ),
        bars([Series(name, [(0, 1.0)])], title=name, width=1, x=Axis(name), y=Axis(name)),
        intervals([Interval(name, 0.5, 0.4, 0.6, note=name)], title=name),
        topology(picture, [Link("a", "b", name, name=name)], title=name),
        spark([1, 2], label=name),
    ]
    for text in made:
        assert "<b>" not in text
        assert '&"' not in text


def test_numbers_carry_their_unit() -> None:
    assert [ms(one) for one in (0.42, 9.4, 85.2, 1234)] == ["0.42 ms", "9.4 ms", "85 ms", "1.23 s"]
    assert [clock(one) for one in (0.5, 90, 125)] == ["0.5 s", "90 s", "2:05 min"]
    assert [plain(one) for one in (0.25, 12.0, 1240.4)] == ["0.25", "12", "1,240"]
    assert share(0.99875) == "99.88 %"
