"""The line of a document with a caret below a column of it."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.errors import Where
from chaosmesh.report.screen import PLAIN, Screen, cell, cells
from chaosmesh.report.words import clean

# A document of App Mesh has a few kB; larger files are data that someone named by mistake.
_READABLE_BYTES = 4_000_000
_WIDEST = 100
_BOLD_RED = "\x1b[1;31m"


def excerpt(where: Where, screen: Screen = PLAIN) -> list[str]:
    """The document's line and a caret below the column; nothing if the file can't be read or has no such line.

    Of a line that is too long for the screen, a piece around the column is shown.
    """
    line = _read_line(where)
    if line is None or not line.strip():
        return []
    column = max(min(where.column, len(line) + 1), 1)
    gutter = f"{where.line:>5} | "
    room = _WIDEST if screen.width is None else min(_WIDEST, screen.width - len(gutter) - 3)
    before, after = _visible(line[: column - 1]), _visible(line[column - 1 :])
    if cells(before) + cells(after) > room:
        before = _last(before, room // 2)
        after = _first(after, room - cells(before))
    caret = " " * cells(before) + screen.paint("^", _BOLD_RED)
    return [f"{gutter}{before}{after}", " " * (len(gutter) - 2) + "| " + caret]


def _first(text: str, room: int) -> str:
    return text if cells(text) <= room else _within(text, room) + "…"


def _last(text: str, room: int) -> str:
    return text if cells(text) <= room else "…" + _within(text[::-1], room)[::-1]


def _within(text: str, room: int) -> str:
    """As much of the text's beginning as the room (in cells) holds."""
    used = 0
    for index, character in enumerate(text):
        used += cell(character)
        if used > room:
            return text[:index]
    return text


def _read_line(where: Where) -> str | None:
    path = Path(where.file)
    try:
        if not path.is_file() or path.stat().st_size > _READABLE_BYTES:
            return None
        lines = path.read_text("utf-8-sig", "replace").split("\n")
    except (OSError, ValueError):
        return None
    return lines[where.line - 1].rstrip("\r") if 0 < where.line <= len(lines) else None


def _visible(text: str) -> str:
    """Tabs as one blank each, so that the caret stands under its column; control characters made harmless."""
    return "".join(" " if c == "\t" else clean(c) for c in text)
