"""Tables with real headers, which scroll by themselves where a window is narrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markupsafe import Markup

from chaosmesh.report.page.tags import Child, tag


def table(
    heads: Sequence[Child],
    rows: Sequence[Sequence[Child]],
    *,
    label: str,
    numbers: int | Collection[int] = (),
    cls: str = "",
) -> Markup:
    """A table; the first cell of a row is its header. `numbers` are the columns that are aligned right: those, or all from
    one on. `label` is its name for screen readers."""
    right = range(numbers, len(heads)) if isinstance(numbers, int) else numbers
    head = tag("tr", *(_head(one, at in right) for at, one in enumerate(heads)))
    body = (tag("tr", *(_cell(one, at, at in right) for at, one in enumerate(row))) for row in rows)
    made = tag("table", tag("thead", head), tag("tbody", *body), cls=cls or None)
    return scroll(made, label)


def scroll(content: Markup, label: str) -> Markup:
    """A region that scrolls sideways, also by keyboard."""
    return tag("div", content, cls="scroll", role="region", aria_label=label, tabindex=0)


def _head(content: Child, number: bool) -> Markup:
    return tag("th", content, scope="col", cls="n" if number else None)


def _cell(content: Child, at: int, number: bool) -> Markup:
    if at == 0:
        return tag("th", content, scope="row")
    return tag("td", content, cls="n" if number else None)
