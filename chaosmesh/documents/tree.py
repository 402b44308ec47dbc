"""Plain trees whose every value knows where it was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaosmesh.errors import Problem, Where

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]
MAX_DEPTH = 100
MAX_DIGITS = 40
"""Of one number in a document; Python refuses to read thousands of them."""


class Bound(str):
    """Text that a variable was bound to: a number or a truth value may stand behind it."""

    __slots__ = ()


class Unresolved(Bound):
    """Stands where a value could not be had; what depends on it is not judged a second time."""

    __slots__ = ()


UNRESOLVED = Unresolved("?")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the place where it starts, the place of its key, and its tag (`!Ref`), if it has one."""

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    where: Where
    key: Where | None = None
    tag: str = ""

    @property
    def place(self) -> Where:
        """Where a reader looks for it: at its key, or at itself inside a list."""
        return self.key or self.where

    @property
    def fields(self) -> Mapping[str, Node]:
        """The members of a mapping; none for anything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The elements of a list; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def at(self, *path: str) -> Node | None:
        """The value under nested keys, or None."""
        node: Node | None = self
        for step in path:
            node = node.fields.get(step) if node else None
        return node

    def text(self, *path: str) -> str | None:
        """The text under nested keys, or None if there is none or it is no text."""
        node = self.at(*path)
        return node.value if node and isinstance(node.value, str) else None

    def under(self, key: Where | None) -> Node:
        """The same value as a member whose key stands at `key`."""
        return replace(self, key=key)


def plain(node: Node) -> Any:
    """The tree without positions; members that are null are left out, as if nobody had written them."""
    if isinstance(node.value, Mapping):
        return {k: plain(v) for k, v in node.value.items() if v.value is not None}
    if isinstance(node.value, tuple):
        return [plain(one) for one in node.value]
    return node.value


def places(node: Node, path: Path = ()) -> Iterator[tuple[Path, Where]]:
    """Every path of the tree with its place."""
    yield path, node.place
    for name, member in node.fields.items():
        yield from places(member, (*path, name))
    for index, element in enumerate(node.items):
        yield from places(element, (*path, index))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word nearest to `word`, or all of them if none is near."""
    words = sorted(known)
    folded = {one.lower(): one for one in words}
    near = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    if near:
        return f"did you mean {folded[near[0]]}?"
    return f"known here: {', '.join(words)}" if words else ""


class Problems(list[Problem]):
    """Collects what is wrong, so that all of it is shown at once."""

    def add(self, where: Where, message: str, hint: str = "") -> None:
        """Notes one problem."""
        problem = Problem(where, message, hint)
        if problem not in self:
            self.append(problem)
