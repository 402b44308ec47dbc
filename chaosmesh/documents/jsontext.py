"""JSON with positions, duplicate keys refused, and the bare `$NAME` of jq templates.

The standard reader keeps no positions, and a YAML reader says the wrong thing about broken JSON.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from chaosmesh.documents.tree import MAX_DEPTH, MAX_DIGITS, Node
from chaosmesh.errors import DocumentError, Problem, Where

VARIABLE = "!variable"  # tag of a bare `$NAME`
TEMPLATE = "!template"  # tag of a string with `\($NAME)` inside, held as `${NAME}`; its other `$` are doubled

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NAME = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_INSIDE = re.compile(r"(?<!\\)((?:\\\\)*)\\\(\s*\$([A-Za-z_]\w*)\s*\)")
_WORD = re.compile(r"[^\s,:\[\]{}\"]+")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def read_json(text: str, file: str) -> Node:
    """The tree of a JSON text (DocumentError with the place of the first thing that is not JSON)."""
    reader = _Reader(text, file)
    node = reader.value(0)
    reader.skip()
    if reader.at < len(text):
        raise reader.wrong(
            "the document goes on after its end", "one JSON value a file; is there a bracket too many?"
        )
    return node


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.lines = [0, *(m.end() for m in re.finditer("\n", text))]

    def where(self, at: int | None = None) -> Where:
        at = self.at if at is None else at
        line = bisect_right(self.lines, at)
        return Where(self.file, line, at - self.lines[line - 1] + 1)

    def wrong(self, message: str, hint: str = "", at: int | None = None) -> DocumentError:
        return DocumentError([Problem(self.where(at), f"not JSON: {message}", hint)])

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def seen(self) -> str:
        char = self.peek()
        if not char:
            return "the end of the file"
        word = _WORD.match(self.text, self.at)
        return repr(word.group()[:40]) if word else repr(char)

    def value(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.wrong(
                f"nested deeper than {MAX_DEPTH} levels", "App Mesh documents are at most 15 deep"
            )
        char = self.peek()
        where = self.where()
        if char == "{":
            return self.members(where, depth)
        if char == "[":
            return self.elements(where, depth)
        if char == '"':
            return self.string()
        name = _NAME.match(self.text, self.at)
        if name:
            self.at = name.end()
            return Node(name[1] or name[2], where, tag=VARIABLE)
        return self.scalar(where)

    def scalar(self, where: Where) -> Node:
        word = _WORD.match(self.text, self.at)
        if word and word.group() in _CONSTANTS:
            self.at = word.end()
            return Node(_CONSTANTS[word.group()], where)
        number = _NUMBER.match(self.text, self.at)
        if number and word and number.end() == word.end():
            self.at = number.end()
            raw = number.group()
            if len(raw) > MAX_DIGITS:
                raise self.wrong(f"a number of {len(raw)} characters", "write a shorter one", number.start())
            return Node(int(raw) if raw.lstrip("-").isdigit() else float(raw), where)
        raise self.wrong(f"a value is expected, seen {self.seen()}", self.hint())

    def hint(self) -> str:
        char = self.peek()
        if char in {"}", "]"}:
            return "take away the comma before it"
        if char == "'":
            return 'JSON writes strings in double quotes: "…"'
        return 'strings need double quotes: "…"' if char else "a closing bracket is missing"

    def string(self) -> Node:
        where = self.where()
        found = _STRING.match(self.text, self.at)
        if not found:
            raise self.wrong("this string has no end on its line", "close it with a double quote")
        raw, start = found.group(), self.at
        self.at = found.end()
        pieces = _INSIDE.split(raw[1:-1])
        if len(pieces) == 1:
            return Node(self.text_of(raw[1:-1], start), where)
        whole = ""
        for literal, slashes, name in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
            whole += self.text_of(literal + slashes, start).replace("$", "$$") + "${" + name + "}"
        return Node(whole + self.text_of(pieces[-1], start).replace("$", "$$"), where, tag=TEMPLATE)

    def text_of(self, raw: str, start: int) -> str:
        """A string's content with its escapes read."""
        try:
            text: str = json.loads(f'"{raw}"')
            text.encode("utf-8")
        except UnicodeEncodeError:
            hint = "write both halves of the pair, or the character itself"
            raise self.wrong("half a character (a lone surrogate)", hint, start) from None
        except ValueError as error:
            raise self.wrong("an escape that JSON does not have", str(error), start) from None
        return text

    def members(self, where: Where, depth: int) -> Node:
        self.at += 1
        fields: dict[str, Node] = {}
        while self.peek() != "}" or fields:
            if self.peek() != '"':
                raise self.wrong(f"a key in double quotes is expected, seen {self.seen()}", self.hint())
            key = self.string()
            name = str(key.value)
            if name in fields:
                place = fields[name].place
                raise DocumentError(
                    [
                        Problem(
                            key.where, f'the key "{name}" is written twice', f"first at {place}; remove one"
                        )
                    ]
                )
            if self.peek() != ":":
                raise self.wrong(
                    f"':' is expected after \"{name[:40]}\", seen {self.seen()}", 'write "name": value'
                )
            self.at += 1
            fields[name] = self.value(depth + 1).under(key.where)
            if self.more("}"):
                continue
            return Node(fields, where)
        self.at += 1
        return Node(fields, where)

    def elements(self, where: Where, depth: int) -> Node:
        self.at += 1
        found: list[Node] = []
        while self.peek() != "]" or found:
            found.append(self.value(depth + 1))
            if not self.more("]"):
                return Node(tuple(found), where)
        self.at += 1
        return Node((), where)

    def more(self, end: str) -> bool:
        char = self.peek()
        if char not in {",", end}:
            missing = "a comma is missing before it" if char else f"'{end}' is missing"
            raise self.wrong(f"',' or '{end}' is expected, seen {self.seen()}", missing)
        self.at += 1
        return char == ","
