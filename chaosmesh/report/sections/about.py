"""Configuration, environment, and how to run it again."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from chaosmesh.report.book.model import Book, Fact
from chaosmesh.report.page.frame import Section
from chaosmesh.report.page.tags import join, listing, more, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import clip, code


def about(book: Book, detail: Detail) -> Section:
    """What was asked for and what it ran on."""
    body = _facts(book.configuration)
    if book.environment:
        body += tag("h3", "Environment") + _facts(book.environment)
    if book.notes:
        notes = listing([clip(one) for one in book.notes[: detail.others]])
        body += tag("h3", "Notes") + notes + more(len(book.notes), detail.others, "notes")
    return Section("about", "Configuration and environment", body)


def again(book: Book, detail: Detail) -> Section | None:  # noqa: ARG001
    """The commands."""
    if not book.again:
        return None
    return Section("again", "Run it again", tag("pre", code(join(book.again, "\n"))))


def _facts(found: Sequence[Fact]) -> Markup:
    return tag("dl", *(tag("dt", one.name) + tag("dd", clip(one.value)) for one in found))
