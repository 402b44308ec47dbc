"""Single requests, hop by hop: each attempt as a bar on the request's own time."""

from __future__ import annotations

from markupsafe import Markup

from chaosmesh.ledger.story import Step, Story
from chaosmesh.ledger.waterfall import look_of, mended
from chaosmesh.report.book.model import Book
from chaosmesh.report.charts.model import ms
from chaosmesh.report.page.frame import Section, badge
from chaosmesh.report.page.table import scroll
from chaosmesh.report.page.tags import join, paragraphs, tag
from chaosmesh.report.sections.detail import Detail
from chaosmesh.report.sections.words import arrow, cause, clip, code
from chaosmesh.report.words import count

_DEEPEST = 8
_MOST = 60


def requests(book: Book, detail: Detail) -> Section | None:
    """Of each cause of failure the first, then the slowest that were answered."""
    found = book.stories[: detail.stories]
    if not found:
        return None
    told = join(map(_story, found))
    about = "Of each cause of failure the first request, then the slowest that went well. A bar is the time from begin to end."
    return Section("requests", "Failed and slowest requests", tag("p", about, cls="soft") + told)


def _story(one: Story) -> Markup:
    root = one.root
    tone, word = ("good", "ok") if one.ok else ("bad", "failed")
    answer = str(root.status) if root.status else "no answer"
    said = f"{answer} after {ms(root.duration_ms)}, {count(one.attempts, 'attempt')}"
    why = tag("div", cause(clip(one.cause)), cls="soft") if one.cause else Markup()
    head = tag("summary", badge(word, tone), " ", tag("strong", said), why)
    lines = [f"In force: {clip(arrow(text.rpartition(' (')[0]))}" for text in one.faults] + [
        f"Lacks: {clip(text)}" for text in one.missing
    ]
    name = tag("p", "Request ", code(clip(one.request_id)))
    return tag("details", head, name, paragraphs(lines, "soft"), _fall(one), cls="card")


def _fall(one: Story) -> Markup:
    steps = list(one.root.walk())
    begin = min(step.start_ns for _, step in steps)
    whole = max(max(step.end_ns for _, step in steps) - begin, 1)
    hidden = mended(one.root)
    rows = [
        tag(
            "tr",
            tag("th", _label(step), scope="row", cls=f"d{min(depth, _DEEPEST)}"),
            tag("td", _bar(step, begin, whole, look_of(step, mended=id(step) in hidden))),
            tag("td", _facts(step)),
        )
        for depth, step in steps[:_MOST]
    ]
    heads = (tag("th", text, scope="col") for text in ("Step", f"0 to {ms(whole / 1e6)}", "What it met"))
    made = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), cls="fall")
    left = len(steps) - _MOST
    rest = tag("p", f"… and {left} more steps.", cls="soft") if left > 0 else Markup()
    return scroll(made, f"Steps of request {clip(one.request_id)}") + rest


def _label(step: Step) -> str:
    words = {
        "client": "user",
        "ingress": f"{step.where} in",
        "app": f"{step.where} application",
        "attempt": f"attempt {step.attempt} → {step.where}",
    }
    return clip(words.get(step.kind, step.where), 80)


def _facts(step: Step) -> str:
    answer = str(step.status or "–") + ("" if step.grpc_status is None else f" grpc {step.grpc_status}")
    return clip(
        " · ".join(
            [ms(step.duration_ms), answer, *([",".join(step.flags)] if step.flags else []), *step.notes]
        ),
        240,
    )


def _bar(step: Step, begin: int, whole: int, look: str) -> Markup:
    at = 100 * (step.start_ns - begin) / whole
    width = max(100 * (step.end_ns - step.start_ns) / whole, 0.4)
    box = tag("rect", x=f"{at:.2f}%", width=f"{min(width, 100 - at):.2f}%", y=3, height=8, rx=2, cls=look)
    return tag("svg", box, height=14, aria_hidden="true")
