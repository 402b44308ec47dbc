"""What text is written for: colours or none, and how wide it may be."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

RESET = "\x1b[0m"
_NARROWEST = 40


@dataclass(frozen=True, slots=True)
class Screen:
    """`width` in cells; None where a line may be as long as it is: a file, a pipe, a log."""

    color: bool = False
    width: int | None = None

    def paint(self, text: str, style: str) -> str:
        """The text in a style (an escape sequence), as it is where there are no colours."""
        return f"{style}{text}{RESET}" if self.color else text

    def wrapped(self, text: str, indent: int) -> str:
        """The text in lines that fit, broken between words; all but the first begin after `indent` blanks.

        A word that is longer than a line, such as a path, stays whole, so that it can be copied.
        """
        if self.width is None:
            return text
        return "\n".join(line for one in text.split("\n") for line in _broken(one, indent, self.width))


def _broken(text: str, indent: int, width: int) -> list[str]:
    body = text.lstrip(" ")
    line, gap, lines = " " * (len(text) - len(body)), "", []
    for word in body.split(" "):
        longer = f"{line}{gap}{word}"
        if gap and word and cells(longer) > width >= indent + cells(word):
            lines.append(line)
            longer = " " * indent + word
        line, gap = longer, " "
    return [*lines, line]


PLAIN = Screen()


def screen_of(stream: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """The screen behind a stream. `environ` is read for NO_COLOR, FORCE_COLOR, TERM and COLUMNS."""
    environ = os.environ if environ is None else environ
    terminal = stream.isatty()
    dumb = environ.get("TERM", "").lower() in {"dumb", "unknown"}
    color = (terminal or bool(environ.get("FORCE_COLOR"))) and not environ.get("NO_COLOR") and not dumb
    return Screen(color, _width(stream, environ) if terminal else None)


def _width(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    if environ.get("COLUMNS", "").isdigit():
        return max(int(environ["COLUMNS"]), _NARROWEST)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, _NARROWEST)
    except (OSError, ValueError):
        return None


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(cell(one) for one in text)


def cell(character: str) -> int:
    """How many columns one character takes: 0 for what is put over another, 2 for a wide one."""
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
