"""Damaged documents, the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

NASTY = [
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xfe\xff", b"\xed\xa0\x80", b"\t", b"\r", b"\x85", b"\xe2\x80\xa8", b"\x1b",
    b"NaN", b"Infinity", b"-.inf", b".nan", b"1e999", b"9" * 5000, b"-1", b"0x" + b"f" * 5000, b"1_000", b"0o7", b"'", b'"', b"\\",
    b"\\ud800", b"\\u0000", b"{", b"}", b"[", b"]", b"[" * 300, b"{a: " * 150, b"- " * 150, b": ", b"? ", b", ", b"#", b"\n", b"\n---\n", b"\n...\n",
    b"&a ", b"*a", b"<<: ", b"<<: *a\n", b"&a [*a]", b"!!int ", b"!!binary x", b"!!set {a}", b"!!omap [a: 1]", b"!!timestamp 2020-13-45", b"!!float x",
    b"!<tag:yaml.org,2002:int> x", b"!!python/object:x ", b"!Ref ", b"!Sub ", b"!GetAtt ", b"!If [a, b, c]", b"!Join [a]", b"!Select [9, []]", b"!Split [a]",
    b"!FindInMap [a]", b"!Split ['', a]", b"!Select [-1, [a]]", b"!Equals []", b"!And x", b"!Not []", b"!ImportValue {}", b"!Sub [a]", b"!Sub ['${a}', 5]", b"!Base64 x",
    b"Fn::If: x", b"Ref: AWS::NoValue", b"%YAML 1.1\n", b"%YAML 9.9\n---\n", b"%TAG ! x\n", b"$", b"${", b"${}", b"$X", b"${X", b"${X:-}", b"$$", b"\\$X", b"\\($X)",
    b"null", b"~", b"true", b"yes", b"''", b"{}", b"[]", b"| ", b">-\n", b"|9\n", b"@", b"`", b"%", b"kind: List\nitems: []\n", b"apiVersion: appmesh.k8s.aws/v1beta1\n",
    b"spec: 5", b"metadata: []", b"routes: {}", b"namespaceSelector: 5", b"matchExpressions: [5]", b"virtualNodeRef: 5", b"awsName: 5",
]  # fmt: skip


def mutated(documents: Sequence[bytes], seed: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Damaged copies, each with the number of its document: bytes flipped, put in, taken out, lines doubled or exchanged, words mixed up, one to three times each."""
    dice = random.Random(seed)
    for _ in range(count):
        which = dice.randrange(len(documents))
        raw = documents[which]
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            raw = dice.choice(_WAYS)(raw, dice)
        yield which, raw


def _flip(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) or 1)
    return raw[:at] + bytes([(raw[at] if raw else 0) ^ (1 << dice.randrange(8))]) + raw[at + 1 :]


def _insert(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(raw))
    return raw[:at] + dice.choice(NASTY) + raw[at:]


def _delete(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(raw))
    return raw[:at] + raw[at + dice.randint(1, 40) :]


def _double(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True) or [b""]
    at = dice.randrange(len(lines))
    return b"".join([*lines[:at], lines[at] * dice.randint(2, 4), *lines[at + 1 :]])


def _swap(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True) or [b""]
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _replace(raw: bytes, dice: random.Random) -> bytes:
    """A word gives way to something nasty."""
    words = raw.split(b" ")
    words[dice.randrange(len(words))] = dice.choice(NASTY)
    return b" ".join(words)


_WORD = re.compile(rb"[\w.$/-]+")
_SCALARS = [b"null", b"~", b"true", b"-1", b"0", b"101", b"1e999", b"NaN", b".inf", b"9" * 5000, b"{}", b"[]", b"''", b'""', b"$X", b"${Y}", b"*", b"!Ref x", b"{a: 1}", b"[a]", b"\xc3\xa9", b"x" * 300]  # fmt: skip


def _word(raw: bytes, dice: random.Random) -> bytes:
    """A word gives way to another of the same document, or to a value that does not belong there."""
    found = list(_WORD.finditer(raw))
    if not found:
        return raw
    at = dice.choice(found)
    other = dice.choice([dice.choice(_SCALARS), dice.choice(found).group()])
    return raw[: at.start()] + other + raw[at.end() :]


def _line(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True) or [b""]
    at = dice.randrange(len(lines))
    return b"".join([*lines[:at], *lines[at + dice.randint(1, 3) :]])


def _indent(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True) or [b""]
    at = dice.randrange(len(lines))
    lines[at] = dice.choice([b"  " + lines[at], lines[at].removeprefix(b"  "), b"- " + lines[at].lstrip()])
    return b"".join(lines)


def _encode(raw: bytes, dice: random.Random) -> bytes:
    try:
        return raw.decode().encode(dice.choice(["utf-16", "utf-16-le", "utf-8-sig", "utf-32", "latin-1"]))
    except UnicodeError:
        return raw


_WAYS = [_flip, _insert, _delete, _double, _swap, _replace, _line, _indent, *([_word] * 5), _encode]
