"""Errors as the terminal shows them: place, message, the line of the document with a caret, the next step."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from chaosmesh.errors import ChaosMeshError, DocumentError, Problem, Where
from chaosmesh.report.words import clean, count

# A document of App Mesh has a few kB; larger files are data that someone named by mistake.
_READABLE_BYTES = 4_000_000
_EXCERPT = 100

_BOLD_RED, _CYAN, _RESET = "\x1b[1;31m", "\x1b[36m", "\x1b[0m"


def present(error: ChaosMeshError, *, color: bool = False) -> str:
    """The error in full, ending without a newline. Every problem of a document error is shown."""
    if isinstance(error, DocumentError):
        blocks = [_problem(p, color=color) for p in error.problems]
        total = [count(len(blocks), "problem")] if len(blocks) > 1 else []
        return "\n".join([*blocks, *total])
    if error.where is not None:
        return _problem(Problem(error.where, error.message, error.hint), color=color)
    return "\n".join(
        [_paint("error: ", _BOLD_RED, color) + _lines(error.message), *_hint(error.hint, color=color)]
    )


def warned(problem: Problem, *, color: bool = False) -> str:
    """A warning in full, ending without a newline: its place, the line of the document, the next step."""
    return _paint("warning: ", _CYAN, color) + _problem(problem, color=color)


def _problem(problem: Problem, *, color: bool) -> str:
    place = _paint(clean(str(problem.where)) + ":", _BOLD_RED, color)
    return "\n".join(
        [
            f"{place} {_lines(problem.message)}",
            *excerpt(problem.where, color=color),
            *_hint(problem.hint, color=color),
        ]
    )


def _hint(hint: str, *, color: bool) -> list[str]:
    return ["    " + _paint("→ ", _CYAN, color) + _lines(hint)] if hint else []


def _lines(text: str) -> str:
    """The text cleaned line by line, further lines indented."""
    return "\n    ".join(clean(line) for line in text.splitlines()) if text else ""


def excerpt(where: Where, *, color: bool) -> list[str]:
    """The document's line and a caret below the column; nothing if the file can't be read or has no such line."""
    line = _read_line(where)
    if line is None or not line.strip():
        return []
    column = max(min(where.column, len(line) + 1), 1)
    start = max(column - 1 - _EXCERPT // 2, 0) if len(line) > _EXCERPT else 0
    before, after = _visible(line[start : column - 1]), _visible(line[column - 1 : start + _EXCERPT])
    lead = "…" if start else ""
    tail = "…" if start + _EXCERPT < len(line) else ""
    gutter = f"{where.line:>5} | "
    caret = " " * _cells(lead + before) + _paint("^", _BOLD_RED, color)
    return [f"{gutter}{lead}{before}{after}{tail}", " " * (len(gutter) - 2) + "| " + caret]


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


def _cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_RESET}" if color else text
