"""What is to be mended, worst first, each with its place and the cure that was tried."""

from __future__ import annotations

from markupsafe import Markup

from chaosmesh.report.book.model import Book, Cure, Problem
from chaosmesh.report.page.frame import Section, badge
from chaosmesh.report.page.tags import join, more, paragraphs, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import clip, code, place


def findings(book: Book, detail: Detail) -> Section:
    """All of them, or that there are none."""
    found = book.problems
    if not found:
        return Section("findings", "Findings", tag("p", "Nothing to mend was found."))
    told = join(_problem(one) for one in found[: detail.others])
    return Section("findings", "Findings", told + more(len(found), detail.others, "findings"))


def _problem(one: Problem) -> Markup:
    head = tag("h3", badge(one.word, one.tone), clip(one.title))
    cure = _cure(one.cure) if one.cure else Markup()
    return tag(
        "article", head, paragraphs(map(clip, one.lines)), place(one.where), cure, cls=f"finding {one.tone}"
    )


def _cure(cure: Cure) -> Markup:
    word = "Cure, tried on the running mesh:" if cure.worked else "Tried on the running mesh, does not help:"
    at = (" at ", code(clip(str(cure.where)))) if cure.where else ()
    return tag(
        "div",
        tag("p", tag("strong", word), " ", clip(cure.change), *at),
        tag("p", f"{clip(cure.before)} → {clip(cure.after)}"),
        cls="cure" if cure.worked else "cure useless",
    )
