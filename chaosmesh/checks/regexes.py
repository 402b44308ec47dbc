"""One text that a regular expression matches, for the shape of an example request."""

from __future__ import annotations

import re
import re._constants as sre
import re._parser as parser
from typing import Any


def sample(pattern: str) -> str | None:
    """A text that matches `pattern` in full, or None if none was found.

    RE2's syntax (what Envoy runs) is close enough to Python's for the parser to serve; whatever comes out
    is tried against the pattern before it is used.
    """
    try:
        text = "".join(_sequence(parser.parse(pattern)))
        return text if re.fullmatch(pattern, text) else None
    except (re.error, ValueError, OverflowError):
        return None


def _sequence(tokens: Any) -> list[str]:
    return [_token(op, value) for op, value in tokens]


def _token(op: Any, value: Any) -> str:
    if op is sre.LITERAL:
        return chr(value)
    if op is sre.ANY:
        return "a"
    if op is sre.IN:
        return _one_of(value)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = value
        return "".join(_sequence(inner)) * int(low or min(1, high))
    if op is sre.SUBPATTERN:
        return "".join(_sequence(value[-1]))
    if op is sre.BRANCH:
        return "".join(_sequence(value[1][0]))
    if op is sre.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if op is sre.AT:
        return ""
    raise ValueError(f"no example for {op}")


def _one_of(choices: Any) -> str:
    negated = bool(choices) and choices[0][0] is sre.NEGATE
    if not negated:
        return _choice(choices[0])
    pattern = re.compile("[a-zA-Z0-9]")
    taken = {_choice(c) for c in choices[1:]}
    return next(c for c in "axyz0189BQ" if c not in taken and pattern.match(c))


def _choice(choice: Any) -> str:
    op, value = choice
    if op is sre.LITERAL:
        return chr(value)
    if op is sre.RANGE:
        return chr(value[0])
    if op is sre.CATEGORY:
        classes = {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_WORD: "a", sre.CATEGORY_SPACE: " "}
        if value in classes:
            return str(classes[value])
    raise ValueError(f"no example for {op} {value}")
