"""The plot that charts with axes share: grid, numbers along the axes, shaded spans, a figure around it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from chaosmesh.report.charts.model import Axis, Shade
from chaosmesh.report.charts.scale import SIZE, Scale
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, join, tag

HEIGHT = 200
"""Pixels of a plot, without what stands below it."""
_BELOW = 34
_ROWS = 400


def figure(
    title: str,
    svg: Markup,
    *,
    legend: Markup,
    heads: Sequence[Child],
    rows: Sequence[Sequence[Child]],
    summary: str = "",
) -> Markup:
    """A chart with its caption, its legend and its numbers as a table; so many rows are the most that is listed."""
    numbers = tag(
        "details",
        tag("summary", "Numbers", tag("span", f" of “{title}”", cls="unseen")),
        table(heads, rows[:_ROWS], label=f"Numbers of “{title}”", numbers=1, cls="dense"),
        cls="numbers",
    )
    caption = tag("figcaption", tag("strong", title), tag("span", summary, cls="soft") if summary else None)
    return tag("figure", caption, legend, svg, numbers, cls="chart")


def picture(
    title: str,
    about: str,
    content: Markup,
    *,
    height: int = HEIGHT,
    below: int = _BELOW,
    width: int | None = None,
) -> Markup:
    """The outer picture: so many pixels high and wide (None: as its place), with a name and a description."""
    key = hashlib.sha256(f"{title}{about}{content}".encode()).hexdigest()[:10]
    names = tag("title", title, id=f"t{key}"), tag("desc", about, id=f"d{key}")
    return tag(
        "svg",
        *names,
        content,
        height=height + below,
        width=width,
        role="img",
        aria_labelledby=f"t{key} d{key}",
        cls="plot",
    )


def stretched(content: Markup, *, height: int = HEIGHT) -> Markup:
    """Paths in units of `SIZE`, stretched over the plot."""
    return tag(
        "svg",
        content,
        viewBox=f"0 0 {SIZE} {SIZE}",
        preserveAspectRatio="none",
        width="100%",
        height=height,
        cls="inner-plot",
    )


def axes(x: Axis, y: Axis, across: Scale, up: Scale) -> Markup:
    """Grid lines with their numbers, and what the axes measure."""
    found = [_row(up, one, y.form(one)) for one in up.ticks(4)]
    ticks = [one for one in x.ticks if across.low <= one <= across.high] or across.ticks(8)
    found += [_column(across, one, x.form(one), minor=bool(at % 2)) for at, one in enumerate(ticks)]
    found.append(tag("text", x.label, x="100%", y=HEIGHT + 32, cls="end name"))
    return join(found)


def shading(shades: Iterable[Shade], across: Scale) -> Markup:
    """Spans in which something was in force; their labels are cut where they do not fit."""
    return join(_shade(one, across) for one in shades)


def legend(items: Iterable[tuple[str, str]]) -> Markup:
    """Names with their colour, by class."""
    found = [tag("li", _key(look), name) for name, look in items]
    return tag("ul", *found, cls="legend") if found else Markup()


def targets(across: Scale, places: Sequence[tuple[float, float, str]]) -> Markup:
    """What is told where the pointer rests: begin, end and text of each column."""
    return join(
        tag(
            "rect",
            tag("title", text),
            x=across.percent(begin),
            y=0,
            width=f"{100 * (across.at(end) - across.at(begin)):.2f}%",
            height=HEIGHT,
            cls="at",
        )
        for begin, end, text in places
    )


def _row(up: Scale, value: float, text: str) -> Markup:
    y = f"{HEIGHT * (1 - up.at(value)):.1f}"
    return tag("line", x1=0, x2="100%", y1=y, y2=y, cls="grid") + tag("text", text, x=-8, y=y, cls="side")


def _column(across: Scale, value: float, text: str, *, minor: bool) -> Markup:
    anchor = "start" if across.at(value) < 0.02 else "end" if across.at(value) > 0.98 else "middle"
    return tag(
        "text", text, x=across.percent(value), y=HEIGHT + 16, cls=f"{anchor}{' minor' if minor else ''}"
    )


def _shade(one: Shade, across: Scale) -> Markup:
    width = max(across.at(one.end) - across.at(one.begin), 0.002)
    box = tag("rect", width="100%", height=HEIGHT, cls="shade")
    edge = tag("rect", width="100%", height=3, cls="lid")
    label = tag("text", one.label, x=4, y=15, cls="start told") if width > 0.03 else None
    return tag(
        "svg",
        tag("title", one.label),
        box,
        edge,
        label,
        x=across.percent(one.begin),
        width=f"{100 * width:.2f}%",
        height=HEIGHT,
        cls="span",
    )


def _key(look: str) -> Markup:
    return tag(
        "svg", tag("rect", width=14, height=10, rx=2, cls=f"fill {look}"), cls="key", aria_hidden="true"
    )
