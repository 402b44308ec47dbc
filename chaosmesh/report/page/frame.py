"""The frame of every page that is written to disk: head, contents, sections. It opens without network and script.

The content policy allows nothing but the style sheet, by its hash. Attributes `style` are therefore never used.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from markupsafe import Markup

from chaosmesh.report.page.tags import Child, join, tag, text

TONES: Final = {"good": "Passed", "warn": "Look here", "bad": "Failed", "open": "Undecided", "plain": ""}
"""Tone of a page → its word, which stands beside the colour."""

_ICONS: Final = {
    "good": "M6 12.5l4 4 8-9",
    "bad": "M7 7l10 10M17 7L7 17",
    "warn": "M12 6v8M12 17.5v.5",
    "open": "M9 9.2a3 3 0 1 1 4.2 2.9c-.9.5-1.2 1-1.2 1.9M12 17.5v.5",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page. `id` is its anchor; `title` its heading."""

    id: str
    title: str
    body: Markup


def page(
    title: str, lead: Markup, sections: Sequence[Section], *, tone: str, kicker: str = "", word: str = ""
) -> str:
    """A whole document. `title` is its first heading, under `kicker` (what kind of page it is); `lead` stands below the
    title. `tone` is one of `TONES`, `word` what is said beside its sign instead of the tone's own word."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content="chaosmesh"),
        tag("title", f"{title} · {kicker}" if kicker else title),
        tag("style", Markup(style)),  # noqa: S704 - our own file
    )
    skip = tag("a", "Skip to the content", href="#content", cls="skip")
    body = tag(
        "body",
        skip,
        _head(title, lead, tone, kicker, word),
        tag(
            "div",
            _contents(sections),
            tag("main", *map(_section, sections), id="content", tabindex=-1),
            cls="body",
        ),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def badge(content: Child, tone: str) -> Markup:
    """A word with its colour and its sign: a verdict in a table or heading."""
    return tag("span", icon(tone), content, cls=f"tag {tone}")


def icon(tone: str) -> Markup:
    """The sign of a tone; nothing for a plain one."""
    if tone not in _ICONS:
        return Markup()
    ring = tag("circle", cx=12, cy=12, r=10)
    return tag("svg", ring, tag("path", d=_ICONS[tone]), viewBox="0 0 24 24", cls="icon", aria_hidden="true")


def _head(title: str, lead: Markup, tone: str, kicker: str, word: str) -> Markup:
    said = tag("p", badge(word or TONES[tone], tone), tag("span", kicker, cls="soft"), cls="kicker")
    return tag("header", tag("div", said, tag("h1", title), lead, cls="inner"), cls=f"top {tone}")


def _contents(sections: Sequence[Section]) -> Markup:
    items = (tag("li", tag("a", one.title, href=f"#{one.id}")) for one in sections)
    return tag("nav", tag("h2", "Contents"), tag("ol", *items), cls="contents", aria_label="Contents")


def _section(one: Section) -> Markup:
    name = f"{one.id}-title"
    return tag("section", tag("h2", one.title, id=name), one.body, id=one.id, aria_labelledby=name)


@cache
def _style() -> str:
    return resources.files("chaosmesh.report.page").joinpath("page.css").read_text("utf-8")


__all__ = ["TONES", "Markup", "Section", "badge", "icon", "join", "page", "tag", "text"]
