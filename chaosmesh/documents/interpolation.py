"""`$NAME`, `${NAME}`, `${NAME:-default}` and their kin in a Compose file, by Compose's own rules
(https://docs.docker.com/reference/compose-file/interpolation/)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from chaosmesh.documents.tree import Node, Problems
from chaosmesh.errors import Where

_HOLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>(?:[^{}]|\$\{[^{}]*\})*))?\})"
)


class MissingError(ValueError):
    """A name without a value that its text asks for."""


def interpolated(text: str, values: Mapping[str, str], *, deep: int = 0) -> str:
    """The text with its variables filled in. MissingError for `${NAME:?words}` and for a name without a value, which
    Compose would take as empty: here it is said."""

    def fill(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        name, how, word = found["bare"] or found["name"], found["how"] or "", found["word"] or ""
        value = values.get(name)
        there = value is not None and (value != "" or not how.startswith(":"))
        if how.endswith("+"):
            return interpolated(word, values, deep=deep + 1) if there else ""
        if there:
            return value or ""
        if how.endswith("-") and deep < 9:
            return interpolated(word, values, deep=deep + 1)
        raise MissingError(word if how.endswith("?") and word else f"{name} has no value")

    return _HOLE.sub(fill, text)


def filled(node: Node, values: Mapping[str, str], problems: Problems) -> Node:
    """The tree with every value filled in; keys stay as they are."""
    if isinstance(node.value, Mapping):
        return replace(node, value={k: filled(v, values, problems) for k, v in node.value.items()})
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(filled(one, values, problems) for one in node.value))
    if not isinstance(node.value, str) or "$" not in node.value:
        return node
    try:
        return replace(node, value=interpolated(node.value, values))
    except MissingError as error:
        hint = "set it by --set, under variables: in the scenario file, in .env beside the Compose file, or outside"
        problems.add(node.place, str(error), hint)
        return node


def merged(node: Node, problems: Problems, depth: int = 0) -> Node:
    """The tree with YAML's merge keys (`<<`) written out: what stands beside them wins."""
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(merged(one, problems, depth) for one in node.value))
    if not isinstance(node.value, Mapping):
        return node
    below: dict[str, Node] = {}
    own = {name: one for name, one in node.value.items() if name != "<<"}
    if "<<" in node.value and depth < 50:
        source = node.value["<<"]
        for one in source.items or (source,):
            if not isinstance(one.value, Mapping):
                problems.add(one.place, "<< merges mappings only", "write <<: *name of a mapping")
            below = {**merged(one, problems, depth + 1).fields, **below}
    return replace(node, value={name: merged(one, problems, depth) for name, one in {**below, **own}.items()})


_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=(.*))?$")


def env_file(path: Path, values: Mapping[str, str], problems: Problems) -> dict[str, str | None]:
    """The variables of a file of `NAME=value` lines; None for a bare name, which is passed on from outside.

    Quotes are taken off; between single ones nothing is filled in. ` #` begins a comment.
    """
    found: dict[str, str | None] = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            problems.add(Where(str(path), number), "this line is no NAME=value", "write NAME=value")
            continue
        try:
            found[match[1]] = None if match[2] is None else _unquoted(match[2].strip(), values)
        except MissingError as error:
            problems.add(Where(str(path), number), str(error), "set it, or write it out")
    return found


def _unquoted(text: str, values: Mapping[str, str]) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == '"':
        inner = text[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        return interpolated(inner, values)
    return interpolated(re.sub(r"\s+#.*$", "", text), values)
