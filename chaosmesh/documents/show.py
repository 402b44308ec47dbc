"""A problem with the line it is about and a caret below."""

from __future__ import annotations

from pathlib import Path

from chaosmesh.errors import Problem

_WIDTH = 160


def show(problem: Problem) -> str:
    """The problem as text; between message and hint the source line, if it can be read, and a caret.

    A line longer than the terminal is cut around the place.
    """
    where = problem.where
    line = _line(where.file, where.line)
    head = f"{where} {problem.message}"
    hint = f"\n    → {problem.hint}" if problem.hint else ""
    if line is None:
        return head + hint
    start = max(0, where.column - 1 - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[start : start + _WIDTH].replace("\t", " ").rstrip()
    caret = " " * (where.column - 1 - start) + "^"
    return f"{head}\n    {shown}\n    {caret}{hint}"


def _line(file: str, number: int) -> str | None:
    try:
        with Path(file).open(encoding="utf-8-sig") as lines:
            for index, line in enumerate(lines, 1):
                if index == number:
                    return line.rstrip("\n") or None
    except (OSError, UnicodeDecodeError):
        return None
    return None
