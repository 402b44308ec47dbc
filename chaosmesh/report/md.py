"""Markdown that says what was meant: escaped text and tables of a bounded size."""

from __future__ import annotations

from collections.abc import Sequence

from chaosmesh.report.words import clean

ROWS = 200
LONGEST = 600
"""Rows of one table, and characters of one of its cells."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; what is beyond `ROWS` is counted."""
    lines = [
        _row(head),
        _row(["---"] * len(head)),
        *(_row([escaped(cell) for cell in row]) for row in rows[:ROWS]),
    ]
    more = f"\n… and {len(rows) - ROWS} more\n" if len(rows) > ROWS else ""
    return "\n".join(lines) + "\n" + more


def escaped(text: str) -> str:
    """Text that Markdown leaves as it is."""
    short = clean(text)
    short = short if len(short) <= LONGEST else f"{short[:LONGEST]}…"
    short = short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#~$" else c for c in short)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
