"""The resilience matrix: an edge a row, a fault a column, and what users felt."""

from __future__ import annotations

from markupsafe import Markup

from chaosmesh.engine.results import CellResult, VerifyResult
from chaosmesh.report import frame, words
from chaosmesh.report.book.documents import TONES
from chaosmesh.report.book.model import Book
from chaosmesh.report.charts import Interval, intervals
from chaosmesh.report.page.frame import Section, badge
from chaosmesh.report.page.table import scroll, table
from chaosmesh.report.page.tags import Child, listing, more, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import clip


def matrix(book: Book, detail: Detail) -> Section | None:
    """The grid, then all numbers with their intervals."""
    result = book.result
    if result is None or not result.matrix:
        return None
    about = tag(
        "p",
        "One fault at a time on one edge; the share of users' requests that went well, or the latency that 99 % of them"
        f" stay below. Goal: {clip(result.goal)}.",
        cls="soft",
    )
    body = about + _grid(result, detail) + _accepted(result, detail) + _numbers(result, detail)
    return Section("matrix", "What users feel when an edge breaks", body)


def _grid(result: VerifyResult, detail: Detail) -> Markup:
    grid = frame.grid(result.matrix)
    rows = grid.rows[: detail.cells]
    head = tag("tr", *(tag("th", one, scope="col") for one in ("Edge", *grid.columns)))
    body = (tag("tr", tag("th", row.label, scope="row"), *map(_cell, row.cells)) for row in rows)
    made = tag("table", tag("thead", head), tag("tbody", *body), cls="matrix")
    return scroll(made, "Resilience matrix") + more(len(grid.rows), len(rows), "edges")


def _cell(one: CellResult | None) -> Markup:
    if one is None:
        return tag("td", "not tried", cls="soft")
    word = frame.cell_words(one)
    felt = [f"{frame.success(one)} ok"] if one.n else ["no requests"]
    felt += [f"p99 {words.seconds(one.p99_ms)}"] if one.p99_ms is not None else []
    said = [text for text in felt if word.partition(" ")[2] not in text or " " not in word]
    return tag("td", badge(word, TONES[one.verdict]), tag("small", ", ".join(said)))


def _accepted(result: VerifyResult, detail: Detail) -> Markup:
    found = [
        f"{label}, {one.fault.label}: {one.reason}"
        for label, one in frame.labelled(result.matrix)
        if one.verdict == "accepted"
    ]
    told = listing([clip(one) for one in found[: detail.others]])
    return tag("h3", "Accepted") + told + more(len(found), detail.others, "of them") if found else Markup()


def _numbers(result: VerifyResult, detail: Detail) -> Markup:
    cells = list(frame.labelled(result.matrix))
    shown = cells[: detail.cells * 6]
    goal = result.bounds.success if result.bounds else None
    shares = intervals(
        [_interval(label, one, goal) for label, one in shown],
        title="Success with its interval",
        names=("Edge and fault", "State", "Requests"),
    )
    heads = [
        "Edge",
        "Fault",
        "p50",
        "p99",
        "Attempts a call",
        "Predicted attempts",
        "Predicted success",
        "Took",
    ]
    times = table(
        heads, [_times(label, one) for label, one in shown], label="Latency and attempts", numbers=2
    )
    told = tag("h3", "Success with its interval") + shares + tag("h3", "Latency and attempts") + times
    summary = tag("summary", "All numbers: intervals, latency, attempts, and what the policy predicts")
    return tag("details", summary, told, more(len(cells), len(shown), "cells"))


def _interval(label: str, one: CellResult, goal: float | None) -> Interval:
    name = f"{label}, {clip(one.fault.label)}"
    state = badge(frame.cell_words(one).partition(" ")[0], TONES[one.verdict])
    share, low, high = (one.k / one.n, one.low, one.high) if one.n else (None, None, None)
    return Interval(name, share, low, high, goal, TONES[one.verdict], state, f"{one.k:,} of {one.n:,}")


def _times(label: str, one: CellResult) -> list[Child]:
    return [
        label,
        clip(one.fault.label),
        _ms(one.p50_ms),
        _ms(one.p99_ms),
        _number(one.amplification),
        _number(one.predicted.get("amplification")),
        _share(one.predicted.get("success")),
        words.duration(one.duration_s),
    ]


def _ms(value: float | None) -> str:
    return frame.NOT_TRIED if value is None else words.seconds(value)


def _number(value: float | str | None) -> str:
    return f"{value:.2f}" if isinstance(value, float | int) else frame.NOT_TRIED


def _share(value: float | str | None) -> str:
    return words.percent(value) if isinstance(value, float | int) else frame.NOT_TRIED
