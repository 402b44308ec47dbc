"""The mesh as a picture: boxes in columns, and what goes from one to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from chaosmesh.mesh.picture import Picture, Spot
from chaosmesh.report.charts.plot import picture as drawing
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, join, tag

_BOX = (150, 44)
_STEP = (310, 76)
_EDGE = 12
_SHORT = 19


@dataclass(frozen=True, slots=True)
class Link:
    """From one box to another. `tone`: `ok`, `warn`, `bad`, `idle`; `note` stands on it."""

    begin: str
    end: str
    note: str = ""
    tone: str = "ok"
    name: Child = ""


def topology(picture: Picture, links: Sequence[Link], *, title: str, summary: str = "") -> Markup:
    """The picture of a mesh with its links as a table. Links to workloads that are not in it are left out."""
    spots = picture.nodes
    by_id = {one.id: one for one in spots}
    known = [one for one in links if one.begin in by_id and one.end in by_id]
    width = 2 * _EDGE + _BOX[0] + _STEP[0] * max((one.column for one in spots), default=0)
    height = 2 * _EDGE + _BOX[1] + _STEP[1] * max((one.row for one in spots), default=0)
    drawn = [_line(by_id[one.begin], by_id[one.end], one) for one in known]
    drawn += [_box(one) for one in spots]
    leaving = Counter(one.begin for one in known)
    drawn += [
        _note(by_id[one.begin], by_id[one.end], one, fans=leaving[one.begin] > 1) for one in known if one.note
    ]
    about = summary or "; ".join(f"{one.begin} calls {one.end}" for one in known)
    content = tag(
        "svg", join(drawn), viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}", height=f"{height:g}"
    )
    svg = drawing(title, about, content, height=int(height), below=0, width=int(width))
    wide = tag("div", svg, cls="scroll bare", role="region", aria_label=title, tabindex=0)
    rows = [
        [by_id[one.begin].label, one.name or by_id[one.end].label, one.note or "–", one.tone] for one in known
    ]
    told = tag(
        "details",
        tag("summary", "As a table"),
        table(["From", "To", "What goes", "State"], rows, label=f"{title}, as a table"),
        cls="numbers",
    )
    return tag("figure", wide, told, cls="chart mesh")


def _place(one: Spot) -> tuple[float, float]:
    return _EDGE + _STEP[0] * one.column, _EDGE + _STEP[1] * one.row


def _box(one: Spot) -> Markup:
    x, y = _place(one)
    middle = x + _BOX[0] / 2
    label = one.label if len(one.label) <= _SHORT else one.label[: _SHORT - 1] + "…"
    note = " · ".join(
        filter(None, ["users come in" if one.entry else "", one.kind if one.kind != "node" else ""])
    )
    lines = [tag("text", label, x=middle, y=y + (19 if note else 27), cls="middle box-name")]
    if note:
        lines.append(tag("text", note, x=middle, y=y + 35, cls="middle box-note"))
    box = tag(
        "rect",
        x=x,
        y=y,
        width=_BOX[0],
        height=_BOX[1],
        rx=8,
        cls=f"box {'gateway' if one.entry else one.kind}",
    )
    return tag("g", tag("title", f"{one.label} ({one.kind})"), box, *lines)


def _ends(begin: Spot, end: Spot) -> tuple[float, float, float, float]:
    (x1, y1), (x2, y2) = _place(begin), _place(end)
    return x1 + _BOX[0], y1 + _BOX[1] / 2, x2, y2 + _BOX[1] / 2


def _line(begin: Spot, end: Spot, link: Link) -> Markup:
    x1, y1, x2, y2 = _ends(begin, end)
    bend = max((x2 - x1) / 2, 40)
    path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 7:g} {y2:g}"
    tip = f"M{x2:g} {y2:g}l-9 -4.5v9Z"
    return tag("path", d=path, cls=f"link {link.tone}") + tag("path", d=tip, cls=f"tip {link.tone}")


def _note(begin: Spot, end: Spot, link: Link, *, fans: bool) -> Markup:
    """Where the line is flat and alone: near its end where several leave one box (`fans`), else near its begin; on the side
    from which the line does not come."""
    x1, y1, x2, y2 = _ends(begin, end)
    if y1 == y2:
        x, y, side = (x1 + x2) / 2, y1, "middle"
    else:
        x, y, side = (x2 - 14, y2, "end") if fans else (x1 + 10, y1, "start")
    below = (y2 > y1) if fans else (y2 < y1)
    return tag("text", link.note, x=x, y=y + 18 if below else y - 8, cls=f"{side} halo {link.tone}")
