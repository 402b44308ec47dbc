"""The report as Markdown: verdict and why, findings, matrix or claims, edges, and how to run it again."""

from __future__ import annotations

from collections.abc import Iterator

from chaosmesh.report import frame
from chaosmesh.report.book import Book
from chaosmesh.report.book.model import Fact, Problem
from chaosmesh.report.charts.model import ms, plain, share
from chaosmesh.report.md import escaped, table
from chaosmesh.report.mermaid import topology
from chaosmesh.report.sections.words import cause
from chaosmesh.report.words import edge, percent, seconds

MOST = 50
"""Findings that are told one by one."""


def markdown(book: Book) -> str:
    """The whole text."""
    return "\n\n".join(part.rstrip("\n") for part in _parts(book) if part) + "\n"


def _parts(book: Book) -> Iterator[str]:
    verdict = book.verdict
    yield f"# {escaped(verdict.headline)}"
    yield f"**{verdict.word}** · {escaped(book.name)} · {book.at}"
    yield "\n".join(f"- {escaped(one)}" for one in verdict.reasons)
    yield " · ".join(f"{one.name}: **{escaped(one.value)}**" for one in book.facts)
    yield "## Findings"
    yield "\n".join(map(_problem, book.problems[:MOST])) or "Nothing to mend was found."
    if len(book.problems) > MOST:
        yield f"… and {len(book.problems) - MOST} more"
    yield from _claims(book)
    yield from _matrix(book)
    yield from _canary(book)
    yield from _measured(book)
    yield from _picture(book)
    yield "## Configuration and environment"
    yield _facts((*book.configuration, *book.environment))
    if book.again:
        yield "## Run it again"
        yield "\n".join(["```", *(one.replace("```", "") for one in book.again), "```"])


def _problem(one: Problem) -> str:
    lines = [f"- **{one.word}** {escaped(one.title)}", *(f"  {escaped(text)}" for text in one.lines)]
    lines += [f"  `{escaped(str(one.where))}`"] if one.where else []
    if one.cure:
        word = "Cure, tried on the running mesh" if one.cure.worked else "Tried, does not help"
        lines.append(
            f"  {word}: {escaped(one.cure.change)} ({escaped(one.cure.before)} → {escaped(one.cure.after)})"
        )
    return "  \n".join(lines)


def _claims(book: Book) -> Iterator[str]:
    if not book.claims:
        return
    form = {True: share, False: plain}
    rows = [
        (
            one.text,
            one.word,
            *(
                "–" if value is None else form[one.is_share](value)
                for value in (one.estimate, one.low, one.high, one.bound)
            ),
            f"{one.n:,}",
        )
        for one in book.claims
    ]
    yield "## Claims and their evidence"
    yield table(["Claim", "Verdict", "Estimate", "Low", "High", "Bound", "n"], rows)


def _matrix(book: Book) -> Iterator[str]:
    if book.result is None or not book.result.matrix:
        return
    grid = frame.grid(book.result.matrix)
    yield "## What users feel when an edge breaks"
    yield f"Goal: {escaped(book.result.goal)}."
    yield table(
        ["Edge", *map(escaped, grid.columns)],
        [(row.label, *(frame.cell_words(one) for one in row.cells)) for row in grid.rows],
    )


def _canary(book: Book) -> Iterator[str]:
    if not book.splits:
        return
    rows = [
        (
            share(one.weight),
            f"{one.new:,} of {one.calls:,}",
            f"{share(one.low)} – {share(one.high)}",
            one.word,
            one.reason,
        )
        for one in book.splits
    ]
    yield "## Canary, step by step"
    yield table(["Weight", "Calls it got", "Share (interval)", "Then", "Why"], rows)


def _measured(book: Book) -> Iterator[str]:
    load = book.load
    if load is not None:
        yield "## Load"
        well = percent(load.ok / load.requests)
        yield f"{load.requests:,} requests, {well} ok; {percent(load.late)} left more than 5 ms late."
        if load.causes:
            yield table(
                ["Cause of failure", "Requests"], [(cause(name), f"{n:,}") for name, n in load.causes.items()]
            )
    if book.curves:
        yield "## Latency by percentile"
        marks = [mark for mark, _ in max(book.curves, key=lambda one: len(one.points)).points]
        names = [f"p{100 * one:g}" for one in marks]
        rows = [
            (one.name, f"{one.requests:,}", *(_at(dict(one.points).get(mark)) for mark in marks))
            for one in book.curves
        ]
        yield table(["Requests", "n", *names], rows)
    if book.edges:
        yield "## Retries and ejections by edge"
        rows_of_edges = [
            (
                edge(one.client, one.service),
                f"{one.calls:,}",
                percent(one.ok / one.calls),
                f"{one.attempts / one.calls:.2f}",
                f"{one.retried:,}",
                "–" if one.p99_ms is None else seconds(one.p99_ms),
            )
            for one in book.edges
        ]
        yield table(["Edge", "Calls", "Ok", "Attempts a call", "Retries", "p99"], rows_of_edges)


def _at(value: float | None) -> str:
    return "–" if value is None else ms(value)


def _picture(book: Book) -> Iterator[str]:
    drawn = topology(book.picture, {}) if book.picture else ""
    if drawn:
        yield "## Topology"
        yield f"```mermaid\n{drawn}\n```"


def _facts(facts: tuple[Fact, ...]) -> str:
    return table(["What", "Value"], [(one.name, one.value) for one in facts])
