"""Lines over a common x, with shaded spans and a band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from chaosmesh.report.charts import plot
from chaosmesh.report.charts.model import Axis, Band, Point, Series, Shade
from chaosmesh.report.charts.scale import Scale, scale
from chaosmesh.report.page.tags import join, tag

_BAND = "band"


def lines(
    series: Sequence[Series],
    *,
    title: str,
    x: Axis,
    y: Axis,
    shades: Sequence[Shade] = (),
    band: Band | None = None,
    dots: bool = False,
    summary: str = "",
) -> Markup:
    """A chart of lines. Gaps (None) break a line; `dots` marks every point; `summary` says in a sentence what is
    seen."""
    edges = [(low, high) for _, low, high in band.points] if band else []
    across = scale(x, [at for one in series for at, _ in one.points])
    least = () if y.log or y.low is not None else (0.0,)
    up = scale(y, [*least, *_values(series), *(value for pair in edges for value in pair)])
    content = plot.axes(x, y, across, up) + plot.shading(shades, across)
    drawn = [_band(band, across, up)] if band else []
    drawn += [_line(one, across, up, dots=dots) for one in series]
    content += plot.stretched(join(drawn)) + plot.targets(across, _targets(series, x, y))
    names = [(one.name, one.look) for one in series] + ([(band.name, _BAND)] if band else [])
    about = summary or f"{y.label} over {x.label}: {', '.join(one.name for one in series)}"
    return plot.figure(
        title,
        plot.picture(title, about, content),
        legend=plot.legend(names),
        heads=[x.label, *(one.name for one in series)],
        rows=list(_rows(series, x, y)),
        summary=summary,
    )


def _values(series: Sequence[Series]) -> Iterator[float]:
    return (value for one in series for _, value in one.points if value is not None)


def _line(one: Series, across: Scale, up: Scale, *, dots: bool) -> Markup:
    pieces = list(_pieces(one.points))
    data = " ".join(
        "M" + " ".join(f"{across.x(at)} {up.y(value)}" for at, value in piece) for piece in pieces
    )
    made = tag("path", d=data, cls=f"line {one.look}") if data else Markup()
    lone = [point for piece in pieces if dots or len(piece) == 1 for point in piece]
    marks = " ".join(f"M{across.x(at)} {up.y(value)}h0" for at, value in lone)
    return made + (tag("path", d=marks, cls=f"dot {one.look}") if marks else Markup())


def _pieces(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    piece: list[tuple[float, float]] = []
    for at, value in points:
        if value is not None:
            piece.append((at, value))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _band(band: Band, across: Scale, up: Scale) -> Markup:
    there = [f"{across.x(at)} {up.y(high)}" for at, _, high in band.points]
    back = [f"{across.x(at)} {up.y(low)}" for at, low, _ in reversed(band.points)]
    return tag("path", d=f"M{' '.join([*there, *back])}Z", cls=f"fill {_BAND}")


def _columns(series: Sequence[Series]) -> Iterator[tuple[float, list[float | None]]]:
    found = [dict(one.points) for one in series]
    for at in sorted({at for one in found for at in one}):
        yield at, [one.get(at) for one in found]


def _rows(series: Sequence[Series], x: Axis, y: Axis) -> Iterator[list[str]]:
    for at, values in _columns(series):
        yield [x.form(at), *("–" if one is None else y.form(one) for one in values)]


def _targets(series: Sequence[Series], x: Axis, y: Axis) -> list[tuple[float, float, str]]:
    columns = list(_columns(series))
    found = []
    for number, (at, values) in enumerate(columns):
        before = columns[number - 1][0] if number else at
        after = columns[number + 1][0] if number + 1 < len(columns) else at
        said = [
            f"{one.name} {y.form(value)}"
            for one, value in zip(series, values, strict=True)
            if value is not None
        ]
        if said:
            found.append(((before + at) / 2, (at + after) / 2, f"{x.form(at)}: {', '.join(said)}"))
    return found
