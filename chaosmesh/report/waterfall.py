"""Stories in the terminal: coloured where it can, plain text in pipes and CI."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from chaosmesh.ledger.story import Story
from chaosmesh.ledger.waterfall import BAR, WIDTH, head, rows

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS: Mapping[str, str] = {"well": "green", "failed": "bold red", "mended": "yellow", "plain": "dim"}
_NARROW = 60


def show(stories: Iterable[Story], stream: TextIO, environ: Mapping[str, str] | None = None) -> None:
    """Writes them, an empty line between two."""
    from rich.text import Text

    console = _console(stream, os.environ if environ is None else environ)
    bar = BAR if _can(stream, BAR) else "="
    for number, one in enumerate(stories):
        lines = [Text(text, _COLOURS[look]) for text, look in head(one)]
        for row in rows(one, max(console.width, _NARROW), bar):
            colour = _COLOURS[row.look]
            lines.append(Text.assemble(row.label, "  ", (row.bar, colour), "  ", (row.facts, colour)))
        if number:
            console.print()
        for line in lines:
            line.rstrip()
            if not _can(stream, line.plain):
                line = Text(_ascii(line.plain))
            console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _console(stream: TextIO, environ: Mapping[str, str]) -> Console:
    from rich.console import Console

    bare = environ.get("NO_COLOR") or environ.get("CI") or environ.get("TERM", "") in {"dumb", "unknown"}
    width = None if stream.isatty() else int(environ.get("COLUMNS") or WIDTH)
    return Console(
        file=stream,
        width=width,
        color_system=None if bare else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ=dict(environ),
    )


def _can(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _ascii(text: str) -> str:
    signs = str.maketrans({"→": ">", "–": "-", "…": ".", BAR: "="})
    return text.translate(signs).encode("ascii", "replace").decode()
