"""Shell templates: `${NAME}`, `${NAME:-default}` and `$NAME` in a text, bound as the shell would bind them.

The text is filled before it is parsed, as `envsubst` and here-documents do, so a value may be a number, a list or
several lines. Every place is told in the template's own lines. A name without a value becomes a mark; it is missed
only where something that is needed holds the mark.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from chaosmesh.documents.tree import UNRESOLVED, Node
from chaosmesh.documents.variables import Unbound
from chaosmesh.errors import DocumentError, Problem, Where

_SUFFIXES = {".template", ".tmpl"}
_HOLE = re.compile(
    r"(?P<escaped>\\\$)"
    r"|\$\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^${}]*))?\}"
    r"|\$(?P<bare>[A-Za-z_]\w*)"
)
_SHOUTED = re.compile(r"[A-Z][A-Z0-9_]*")
_MARK = re.compile(r"chaosmesh\.unbound\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class _Hole:
    """A name without a value, where it stands, and whether nothing else stands on its line."""

    name: str
    where: Where
    alone: bool


@dataclass(slots=True)
class Template:
    """A text with its variables filled in, and the way back to the places of the template."""

    file: str
    source: str
    text: str = ""
    holes: list[_Hole] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)
    _own: list[int] = field(default_factory=list)
    _pieces: list[tuple[int, int, bool]] = field(default_factory=list)  # start here, start there, filled in

    def place(self, where: Where) -> Where:
        """A place of the filled text in the template."""
        if not self._pieces:
            return where
        line = min(max(where.line, 1), len(self._lines))
        at = self._lines[line - 1] + where.column - 1
        start, own, filled = self._pieces[
            max(bisect_right(self._pieces, (at, len(self.source), True)) - 1, 0)
        ]
        return self.where(own if filled else min(own + at - start, len(self.source)))

    def where(self, at: int) -> Where:
        """The place of an offset of the template."""
        line = bisect_right(self._own, at)
        return Where(self.file, line, at - self._own[line - 1] + 1)

    def placed(self, node: Node, unbound: Unbound | None) -> Node:
        """The tree with the template's places; names without a value are noted, unless nobody needs them."""
        where, key = self.place(node.where), self.place(node.key) if node.key else None
        value = node.value
        if isinstance(value, Mapping):
            value = {str(self._known(k, unbound)): self.placed(v, unbound) for k, v in value.items()}
        elif isinstance(value, tuple):
            value = tuple(self.placed(one, unbound) for one in value)
        elif isinstance(value, str):
            value = self._known(value, unbound)
        return replace(node, value=value, where=where, key=key)

    def _known(self, text: str, unbound: Unbound | None) -> str:
        found = [self.holes[int(n)] for n in _MARK.findall(text) if int(n) < len(self.holes)]
        if unbound is not None:
            for hole in found:
                unbound.add(hole.name, hole.where)
        return UNRESOLVED if found else text

    def explained(self, error: DocumentError, unbound: Unbound) -> DocumentError | None:
        """A parser's error in the template's places; None if names that stand for whole lines are what is missing."""
        alone = [one for one in self.holes if one.alone]
        for one in alone:
            unbound.add(one.name, one.where)
        if alone:
            return None
        return DocumentError(Problem(self.place(p.where), p.message, p.hint) for p in error.problems)


def fill(text: str, file: str, variables: Mapping[str, str]) -> Template:
    """Fills a text. In a file that is no template by its name, `$name` in small letters without a value is text."""
    named = PurePath(file).suffix in _SUFFIXES
    template = Template(file, text, _own=_starts(text))
    parts: list[str] = []
    at = size = 0

    def add(part: str, own: int, *, filled: bool) -> None:
        nonlocal size
        template._pieces.append((size, own, filled))
        parts.append(part)
        size += len(part)

    for found in _HOLE.finditer(text):
        value = _value(found, template, variables, named=named)
        if value is None:
            continue
        add(text[at : found.start()], at, filled=False)
        add(value, found.start(), filled=True)
        at = found.end()
    if parts:
        add(text[at:], at, filled=False)
    template.text = "".join(parts) if parts else text
    template._lines = _starts(template.text)
    return template


def _value(
    found: re.Match[str], template: Template, variables: Mapping[str, str], *, named: bool
) -> str | None:
    if found["escaped"]:
        return "$" if named else None
    name = found["braced"] or found["bare"]
    if name in variables:
        return variables[name]
    if found["default"] is not None:
        return found["default"]
    if found["bare"] and not named and not _SHOUTED.fullmatch(name):
        return None
    start = template._own[bisect_right(template._own, found.start()) - 1]
    end = template.source.find("\n", found.end())
    around = template.source[start : found.start()] + template.source[found.end() : end if end >= 0 else None]
    template.holes.append(_Hole(name, template.where(found.start()), not around.strip()))
    return f"chaosmesh.unbound.{len(template.holes) - 1}."


def _starts(text: str) -> list[int]:
    return [0, *(one.end() for one in re.finditer("\n", text))]
