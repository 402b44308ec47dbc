"""`report.html`: the run as one file that needs no network and runs no script."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from markupsafe import Markup

from chaosmesh.engine.events import Event, RunFinished
from chaosmesh.report.book import Book, read
from chaosmesh.report.page.frame import Section, page
from chaosmesh.report.page.tags import listing, tag
from chaosmesh.report.sections import about, claims, documents, edges, findings, load, matrix, requests
from chaosmesh.report.sections.detail import LEVELS, Detail
from chaosmesh.report.sections.words import clip
from chaosmesh.report.write import write_whole

MAX_BYTES: Final = 2_000_000
REPORT: Final = "report.html"

_KINDS: Final = {
    "verify": "Verification",
    "experiment": "Experiment",
    "canary": "Canary",
    "gate": "Gate",
    "up": "Mesh by hand",
}
_SECTIONS: Final = (
    findings.findings,
    claims.claims,
    matrix.matrix,
    load.over_time,
    edges.edges,
    claims.canary,
    load.curves,
    edges.mesh,
    documents.documents,
    documents.rules,
    requests.requests,
    about.about,
    about.again,
)


class HtmlFile:
    """Consumer that writes the page from the run folder when the run is over; `run.json` must be there by then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, event: Event) -> None:
        """Write the page of the finished run; other events are of no concern."""
        if isinstance(event, RunFinished):
            write_report(self._folder)

    def close(self) -> None:
        """Nothing is held open."""


def write_report(folder: Path) -> Path:
    """Write the page of a run folder into it; where it is."""
    path = folder / REPORT
    write_whole(path, render(read(folder)))
    return path


def render(book: Book) -> str:
    """The page, as detailed as fits in `MAX_BYTES`. What failed or is undecided is kept longest."""
    made = ""
    for detail in LEVELS:
        made = _page(book, detail)
        if len(made.encode("utf-8", "replace")) <= MAX_BYTES:
            break
    return made


def _page(book: Book, detail: Detail) -> str:
    sections: list[Section] = [made for one in _SECTIONS if (made := one(book, detail))]
    verdict = book.verdict
    kicker = " · ".join(filter(None, [_KINDS.get(book.kind, "Run"), clip(book.name, 120), book.at]))
    return page(verdict.headline, _lead(book), sections, tone=verdict.tone, kicker=kicker, word=verdict.word)


def _lead(book: Book) -> Markup:
    why = listing([clip(one) for one in book.verdict.reasons[:12]])
    numbers = (tag("li", tag("span", one.name), tag("strong", clip(one.value))) for one in book.facts)
    return why + tag("ul", *numbers, cls="facts") + tag("p", f"{book.verdict.exit}.", cls="soft")
