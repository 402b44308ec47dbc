"""Estimates with their intervals, each against its bound: rows of a table with a picture in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from chaosmesh.report.charts.model import share
from chaosmesh.report.charts.scale import Scale
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, tag


@dataclass(frozen=True, slots=True)
class Interval:
    """One row. `look` is a tone (`good`, `bad`, `open`, `warn`, `plain`); `bound` what it is held against; `verdict` and
    `note` are shown beside the picture. None where nothing was counted."""

    label: Child
    estimate: float | None
    low: float | None
    high: float | None
    bound: float | None = None
    look: str = "plain"
    verdict: Child = ""
    note: Child = ""


def intervals(
    rows: Sequence[Interval],
    *,
    title: str,
    form: Callable[[float], str] = share,
    low: float | None = None,
    high: float | None = None,
    names: tuple[str, str, str] = ("What", "Verdict", "Note"),
) -> Markup:
    """A table: label, picture on a common scale, numbers, verdict, note. Columns that are empty everywhere are left
    out."""
    numbers = [v for one in rows for v in (one.estimate, one.low, one.high, one.bound) if v is not None]
    least = min(numbers, default=0.0) if low is None else low
    most = max(numbers, default=1.0) if high is None else high
    across = Scale(least, most if most > least else least + 1.0)
    verdicts, notes = any(one.verdict for one in rows), any(one.note for one in rows)
    heads = [names[0], f"{form(across.low)} to {form(across.high)}", "Estimate (interval)", "Bound"]
    heads += [names[1]] * verdicts + [names[2]] * notes
    body = []
    for one in rows:
        cells: list[Child] = [one.label, _picture(one, across), _numbers(one, form), _bound(one, form)]
        cells += [one.verdict] * verdicts + [one.note] * notes
        body.append(cells)
    return table(heads, body, label=title, cls="intervals")


def _numbers(one: Interval, form: Callable[[float], str]) -> str:
    if one.estimate is None:
        return "–"
    if one.low is None or one.high is None:
        return form(one.estimate)
    return f"{form(one.estimate)} ({form(one.low)} – {form(one.high)})"


def _bound(one: Interval, form: Callable[[float], str]) -> str:
    return "–" if one.bound is None else form(one.bound)


def _picture(one: Interval, across: Scale) -> Markup:
    parts = [tag("line", x1=0, x2="100%", y1=11, y2=11, cls="grid")]
    if one.low is not None and one.high is not None:
        parts.append(
            tag("line", x1=across.percent(one.low), x2=across.percent(one.high), y1=11, y2=11, cls="range")
        )
    if one.bound is not None:
        at = across.percent(one.bound)
        parts.append(tag("line", x1=at, x2=at, y1=1, y2=21, cls="bound"))
    if one.estimate is not None:
        parts.append(tag("circle", cx=across.percent(one.estimate), cy=11, r=4.5, cls="estimate"))
    return tag("svg", *parts, height=22, cls=f"interval {one.look}", aria_hidden="true")
