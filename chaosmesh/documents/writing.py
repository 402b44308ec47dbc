"""What writers of documents take and give: plain resources in, files and losses out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosmesh.documents.kinds import KINDS

ACCOUNT, REGION = "000000000000", "us-east-1"
"""Stand for the account and the region in ARNs that a format needs and nobody gave."""


@dataclass(frozen=True, slots=True)
class Plain:
    """One resource with its spec as the API's JSON has it."""

    kind: str
    name: str
    parent: str | None
    spec: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str | None, str]:
        """What no two resources of one mesh share."""
        return self.kind, self.parent, self.name


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a real user of the target format would refuse, ignore or lack. `path`: the field of the spec."""

    key: tuple[str, str | None, str]
    path: tuple[str | int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One file to write: its name inside the target folder, and its text."""

    file: str
    text: str


@dataclass(slots=True)
class Written:
    """The files of one policy in another format, and what does not go over."""

    pages: list[Page] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def lose(self, one: Plain, path: Sequence[str | int], reason: str) -> None:
        """Notes a loss."""
        loss = Loss(one.key, tuple(path), reason)
        if loss not in self.losses:
            self.losses.append(loss)


class Names:
    """Makes names that a format allows, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """The wanted name, or with the smallest number behind it that is free."""
        found, number = wanted, 1
        while found.lower() in self.taken:
            number += 1
            found = f"{wanted}-{number}" if "-" in wanted or not wanted.isalnum() else f"{wanted}{number}"
        self.taken.add(found.lower())
        return found


def slug(text: str, limit: int = 60) -> str:
    """Small letters, digits and hyphens: what file names and Kubernetes names have in common."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].strip("-") or "x"


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[tuple[str | int, ...], Any]]:
    """Every value of a plain tree with its path, outer ones first."""
    yield path, value
    members = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, member in members:
        yield from walk(member, (*path, step))


def pointers(one: Plain) -> Iterable[tuple[tuple[str | int, ...], str, str]]:
    """Every name in a spec that means another resource: its path, the kind it means, the name."""
    for path, value in walk(one.spec):
        last = str(path[-1]) if path else ""
        if not isinstance(value, str):
            continue
        if last in _POINTERS:
            yield path, _POINTERS[last], value
        elif last == "virtualNode" and "weightedTargets" in path:
            yield path, "virtualNode", value


_POINTERS = {KINDS[word].name_key: word for word in ("virtualNode", "virtualRouter", "virtualService")}
