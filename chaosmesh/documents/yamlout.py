"""Plain trees to YAML that every reader takes the same way: strings that could be anything else are quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SAFE = re.compile(r"[A-Za-z/][\w./-]*", re.ASCII)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text with a YAML tag, as `!GetAtt Mesh.MeshName`."""

    tag: str
    text: str


def to_yaml(value: Any) -> str:
    """A document in block style, ending with a newline."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, member in value.items():
            yield from _entry(f"{indent}{_scalar(key)}:", member, indent + "  ")
    elif isinstance(value, list | tuple) and value:
        for member in value:
            first, *rest = list(_lines(member, indent + "  "))
            yield f"{indent}- {first.removeprefix(indent + '  ')}"
            yield from rest
    else:
        yield indent + _scalar(value)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple) and value:
        yield head
        yield from _lines(value, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, Tagged):
        return f"!{value.tag} {_scalar(value.text)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if value is None or isinstance(value, int | float):
        return "null" if value is None else str(value)
    text = str(value)
    if _SAFE.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    """A character of a double-quoted text. `$` is escaped, so that nobody takes it for a variable."""
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if char == "$":
        return "\\x24"
    if char.isprintable() and code < 0xD800:
        return char
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
