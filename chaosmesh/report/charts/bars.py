"""Stacked columns: how a whole divides, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from chaosmesh.report.charts import plot
from chaosmesh.report.charts.model import Axis, Series, Shade
from chaosmesh.report.charts.scale import Scale, scale
from chaosmesh.report.page.tags import join, tag


def bars(
    series: Sequence[Series],
    *,
    title: str,
    width: float,
    x: Axis,
    y: Axis,
    shades: Sequence[Shade] = (),
    summary: str = "",
) -> Markup:
    """Columns of `width` (in x) that begin at their x; the first of `series` stands at the bottom."""
    found = [{at: value or 0.0 for at, value in one.points} for one in series]
    places = sorted({at for one in found for at in one})
    stacks = {at: list(_stack([one.get(at, 0.0) for one in found])) for at in places}
    ends = [*places, *([places[-1] + width] if places else [])]
    across = scale(Axis(x.label, x.form, x.low, ends[-1] if x.high is None and ends else x.high), ends)
    up = scale(Axis(y.label, y.form, 0.0, y.high), [stack[-1][1] for stack in stacks.values()])
    drawn = join(
        _layer([(at, *stacks[at][number]) for at in places], width, across, up, one.look)
        for number, one in enumerate(series)
    )
    content = plot.axes(x, y, across, up) + plot.shading(shades, across) + plot.stretched(drawn)
    content += plot.targets(across, [(at, at + width, _told(series, found, at, x, y)) for at in places])
    return plot.figure(
        title,
        plot.picture(title, summary or f"{y.label} over {x.label}", content),
        legend=plot.legend((one.name, one.look) for one in series),
        heads=[x.label, *(one.name for one in series)],
        rows=[[x.form(at), *(y.form(one.get(at, 0.0)) for one in found)] for at in places],
        summary=summary,
    )


def _stack(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    below = 0.0
    for value in values:
        yield below, below + value
        below += value


def _layer(
    boxes: Sequence[tuple[float, float, float]], width: float, across: Scale, up: Scale, look: str
) -> Markup:
    data = "".join(
        f"M{across.x(at)} {up.y(low)}V{up.y(high)}H{across.x(at + width)}V{up.y(low)}Z"
        for at, low, high in boxes
        if high > low
    )
    return tag("path", d=data, cls=f"fill {look}") if data else Markup()


def _told(series: Sequence[Series], found: Sequence[dict[float, float]], at: float, x: Axis, y: Axis) -> str:
    said = [f"{one.name} {y.form(by[at])}" for one, by in zip(series, found, strict=True) if by.get(at)]
    return f"{x.form(at)}: {', '.join(said) or 'nothing'}"
