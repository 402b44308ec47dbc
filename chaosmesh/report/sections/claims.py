"""Claims with their evidence, and the steps of a canary."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from chaosmesh.report.book.model import Book, Claim
from chaosmesh.report.charts import Interval, intervals
from chaosmesh.report.charts.model import ms, plain
from chaosmesh.report.page.frame import Section, badge
from chaosmesh.report.page.table import table
from chaosmesh.report.page.tags import Child, more, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import clip


def claims(book: Book, detail: Detail) -> Section | None:
    """Shares on one scale; what is no share in a table of its own."""
    found = book.claims[: detail.others]
    if not found:
        return None
    about = tag(
        "p",
        "The dot is what was counted, the bar its interval, the dashed line the bound that was claimed.",
        cls="soft",
    )
    body = (
        about
        + _shares([one for one in found if one.is_share])
        + _others([one for one in found if not one.is_share])
    )
    return Section("claims", "Claims and their evidence", body + more(len(book.claims), len(found), "claims"))


def canary(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001 - a plan has few steps
    """The share that the new version got at each step, against its weight."""
    if not book.splits:
        return None
    rows = [
        Interval(
            f"Step to {one.weight * 100:g} %",
            one.new / one.calls if one.calls else None,
            one.low if one.calls else None,
            one.high if one.calls else None,
            one.weight,
            "plain",
            badge(one.word, one.tone),
            f"{one.new:,} of {one.calls:,} calls; in force after {ms(one.in_force_ms)}; {one.seconds:.1f} s. {clip(one.reason)}",
        )
        for one in book.splits
    ]
    about = tag(
        "p",
        "Share of calls that the new version got (dot, with its interval) against its weight (dashed line).",
        cls="soft",
    )
    return Section(
        "canary", "Canary, step by step", about + intervals(rows, title="Canary steps", low=0.0, high=1.0)
    )


def _shares(found: Sequence[Claim]) -> Markup:
    if not found:
        return Markup()
    rows = [
        Interval(
            clip(one.text),
            one.estimate,
            one.low,
            one.high,
            one.bound,
            one.tone,
            badge(one.word, one.tone),
            f"n = {one.n:,}",
        )
        for one in found
    ]
    return intervals(rows, title="Claims on shares", names=("Claim", "Verdict", "Evidence"))


def _others(found: Sequence[Claim]) -> Markup:
    if not found:
        return Markup()
    rows: list[list[Child]] = [
        [clip(one.text), badge(one.word, one.tone), _range(one), _number(one.bound), f"{one.n:,}"]
        for one in found
    ]
    told = table(
        ["Claim", "Verdict", "Estimate (interval)", "Bound", "n"], rows, label="Other claims", numbers=2
    )
    return tag("h3", "Counts and times") + told


def _range(one: Claim) -> str:
    if one.low is None or one.high is None:
        return _number(one.estimate)
    return f"{_number(one.estimate)} ({_number(one.low)} – {_number(one.high)})"


def _number(value: float | None) -> str:
    return "–" if value is None else plain(value)
