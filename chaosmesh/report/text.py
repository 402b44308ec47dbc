"""The report in the terminal: the table of a verification, or the lines of any other run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

from chaosmesh.engine.events import RunFinished
from chaosmesh.report.book import Book
from chaosmesh.report.book.model import Claim, Problem
from chaosmesh.report.charts.model import plain, share
from chaosmesh.report.screen import screen_of
from chaosmesh.report.terminal import Terminal

_STYLES: Final = {
    "good": "\x1b[32m",
    "warn": "\x1b[1;33m",
    "bad": "\x1b[1;31m",
    "open": "\x1b[35m",
    "plain": "",
}
_INDENT: Final = 6


def show(book: Book, folder: str, stdout: TextIO, stderr: TextIO) -> None:
    """Write it. `folder` is named at the end of a verification's table."""
    if book.result is not None:
        Terminal(stdout, stderr)(RunFinished(book.result, folder))
        return
    screen = screen_of(stdout)
    for tone, text, indent in _lines(book):
        shown = screen.wrapped(text, indent)
        print(screen.paint(shown, _STYLES[tone]) if tone != "plain" else shown, file=stdout)


def _lines(book: Book) -> Iterator[tuple[str, str, int]]:
    """Tone, text, and how far its following lines stand in."""
    yield "plain", " · ".join([book.name, book.at, *(f"{one.name} {one.value}" for one in book.facts)]), 2
    yield book.verdict.tone, f"{book.verdict.word.upper()}  {book.verdict.headline}", _INDENT
    for one in book.problems:
        yield from _problem(one)
    for claim in book.claims:
        yield claim.tone, f"  {claim.word:<12}  {claim.text}: {_seen(claim)}", 16
    for split in book.splits:
        text = f"  {split.weight * 100:3g} %  {split.word}: {split.new:,} of {split.calls:,} calls. {split.reason}"
        yield split.tone, text, _INDENT
    yield "plain", book.verdict.exit, 0


def _problem(one: Problem) -> Iterator[tuple[str, str, int]]:
    yield one.tone, f"{one.word.upper()}  {one.title}", _INDENT
    for text in one.lines:
        yield "plain", " " * _INDENT + text, _INDENT


def _seen(one: Claim) -> str:
    if one.estimate is None:
        return "nothing was counted"
    form = share if one.is_share else plain
    between = f" ({form(one.low)} – {form(one.high)})" if one.low is not None and one.high is not None else ""
    bound = f", bound {form(one.bound)}" if one.bound is not None else ""
    return f"{form(one.estimate)}{between}{bound}, n = {one.n:,}"
