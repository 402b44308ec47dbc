"""YAML 1.2 with positions: the only module that knows ruamel.yaml."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from chaosmesh.documents.tree import MAX_DEPTH, MAX_DIGITS, Node
from chaosmesh.errors import DocumentError, Problem, Where

_MAX_NODES = 500_000  # aliases of aliases grow without end
_CORE = "tag:yaml.org,2002:"


def read_yaml(text: str, file: str) -> list[Node]:
    """The trees of a YAML text, one a document (DocumentError with the place of what is wrong)."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        roots = [root for root in yaml.compose_all(text) if root is not None]
        convert = _Converter(file, yaml)
        return [convert.node(root, 0) for root in roots]
    except MarkedYAMLError as error:
        raise DocumentError([_problem(error, text, file)]) from None
    except (YAMLError, ValueError) as error:
        raise DocumentError(
            [Problem(Where(file), f"not YAML: {error}", "is it a text file in UTF-8?")]
        ) from None
    except RecursionError:
        raise DocumentError([Problem(Where(file), "nested too deeply to be read", "flatten it")]) from None


def _problem(error: MarkedYAMLError, text: str, file: str) -> Problem:
    mark, opened = error.problem_mark, error.context_mark
    if opened and (mark is None or mark.line >= len(text.splitlines())):
        mark = opened  # the end of the file says nothing about what was left open
    where = Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)
    context = f"{error.context}: " if error.context else ""
    hint = "look at the indentation, brackets and quotes of this line and the one above"
    if "\\t" in str(error.problem):
        hint = "indent with spaces"
    return Problem(where, f"not YAML: {context}{error.problem}", hint)


class _Converter:
    def __init__(self, file: str, yaml: Any) -> None:
        self.file = file
        self.constructor = yaml.constructor
        self.count = 0

    def node(self, raw: Any, depth: int) -> Node:
        where = self.where(raw)
        self.count += 1
        if depth > MAX_DEPTH or self.count > _MAX_NODES:
            raise DocumentError(
                [Problem(where, "too deep or too large, aliases written out", "write it without aliases")]
            )
        tag = _tag(raw)
        if isinstance(raw, MappingNode):
            return Node(self.members(raw, depth), where, tag=tag)
        if isinstance(raw, SequenceNode):
            return Node(tuple(self.node(one, depth + 1) for one in raw.value), where, tag=tag)
        return Node(raw.value if tag else self.scalar(raw), where, tag=tag)

    def where(self, raw: Any) -> Where:
        return Where(self.file, raw.start_mark.line + 1, raw.start_mark.column + 1)

    def members(self, raw: MappingNode, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        for key, value in raw.value:
            where = self.where(key)
            if not isinstance(key, ScalarNode):
                raise DocumentError(
                    [Problem(where, "a key must be text", "quote a value that starts with { or [")]
                )
            if key.value in fields:
                hint = f"first at {fields[key.value].place}; remove one"
                raise DocumentError([Problem(where, f"the key {key.value} is written twice", hint)])
            fields[key.value] = self.node(value, depth + 1).under(where)
        return fields

    def scalar(self, raw: ScalarNode) -> Any:
        kind = str(raw.tag or "").removeprefix(_CORE)
        if kind not in {"int", "float", "bool", "null"}:
            return raw.value
        try:
            if len(raw.value) <= MAX_DIGITS:
                return self.constructor.construct_object(raw)
        except (KeyError, ValueError, OverflowError, YAMLError):
            pass  # a tag like !!int promised what the text does not hold
        shown = repr(raw.value[:MAX_DIGITS])
        message = f"{shown} can't be read as {kind}"
        raise DocumentError([Problem(self.where(raw), message, "write it in quotes, or shorter")])


def _tag(raw: Any) -> str:
    tag = str(raw.tag or "")
    return tag if tag.startswith("!") and len(tag) > 1 else ""
