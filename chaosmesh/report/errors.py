"""Errors as the terminal shows them: place, message, the line of the document with a caret, the next step."""

from __future__ import annotations

from chaosmesh.errors import ChaosMeshError, DocumentError, Problem
from chaosmesh.report.excerpt import excerpt
from chaosmesh.report.screen import PLAIN, Screen
from chaosmesh.report.words import clean, count

_BOLD_RED, _CYAN = "\x1b[1;31m", "\x1b[36m"
_INDENT = 4


def present(error: ChaosMeshError, screen: Screen = PLAIN) -> str:
    """The error in full, ending without a newline. Every problem of a document error is shown."""
    if isinstance(error, DocumentError):
        blocks = [_problem(p, screen) for p in error.problems]
        total = [count(len(blocks), "problem")] if len(blocks) > 1 else []
        return "\n".join([*blocks, *total])
    if error.where is not None:
        return _problem(Problem(error.where, error.message, error.hint), screen)
    return "\n".join([_headed("error:", error.message, _BOLD_RED, screen), *hinted(error.hint, screen)])


def warned(problem: Problem, screen: Screen = PLAIN) -> str:
    """A warning in full, ending without a newline: its place, the line of the document, the next step."""
    return _problem(problem, screen, "warning: ")


def _problem(problem: Problem, screen: Screen, word: str = "") -> str:
    place = f"{word}{clean(str(problem.where))}:"
    lines = [_headed(place, problem.message, _CYAN if word else _BOLD_RED, screen)]
    return "\n".join([*lines, *excerpt(problem.where, screen), *hinted(problem.hint, screen)])


def _headed(head: str, message: str, style: str, screen: Screen) -> str:
    text = screen.wrapped(f"{head} {_lines(message)}", _INDENT)
    return screen.paint(head, style) + text.removeprefix(head) if text.startswith(head) else text


def hinted(hint: str, screen: Screen) -> list[str]:
    """The next step, in lines of their own; none where there is no hint."""
    if not hint:
        return []
    arrow = " " * _INDENT + "→ "
    text = screen.wrapped(arrow + _lines(hint), _INDENT + 2)
    return [" " * _INDENT + screen.paint("→ ", _CYAN) + text.removeprefix(arrow)]


def _lines(text: str) -> str:
    """The text cleaned line by line, further lines indented."""
    return ("\n" + " " * _INDENT).join(clean(line) for line in text.splitlines()) if text else ""
