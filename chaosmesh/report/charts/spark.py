"""A line as small as a word."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from chaosmesh.report.charts.scale import SIZE, Scale
from chaosmesh.report.page.tags import tag


def spark(values: Sequence[float | None], *, label: str, look: str = "s1", low: float | None = 0.0) -> Markup:
    """Values at equal distances; None is a gap. `label` says what is seen, for screen readers and the pointer."""
    known = [one for one in values if one is not None]
    least = min(known, default=0.0) if low is None else low
    most = max(known, default=1.0)
    up = Scale(least, most if most > least else least + 1.0)
    step = SIZE / max(len(values) - 1, 1)
    data, open_ = "", False
    for number, one in enumerate(values):
        if one is not None:
            data += f"{'L' if open_ else 'M'}{number * step:.0f} {up.y(one)}"
        open_ = one is not None
    return tag(
        "svg",
        tag("title", label),
        tag("path", d=data, cls=f"line {look}") if data else None,
        viewBox=f"0 0 {SIZE} {SIZE}",
        preserveAspectRatio="none",
        width=96,
        height=20,
        role="img",
        aria_label=label,
        cls="spark",
    )
