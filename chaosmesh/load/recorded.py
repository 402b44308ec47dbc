"""What mixes taken from recordings share: how often a request came is its weight."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from chaosmesh.errors import DocumentError, Problem, Where
from chaosmesh.load.plan import Protocol, RequestSpec

Kind = tuple[str, str, tuple[tuple[str, str], ...], bytes]
"""Method, path, headers, body: what makes two requests the same kind."""


def counted(
    kinds: Counter[Kind], protocol: Protocol, path: Path, empty: str, hint: str
) -> tuple[RequestSpec, ...]:
    """A mix with counts as weights; `empty` and `hint` are said where there is none."""
    if not kinds:
        raise bad(Where(str(path)), empty, hint)
    return tuple(
        RequestSpec(
            method, target, headers, body, float(often), protocol, f"{method} {target.partition('?')[0]}"
        )
        for (method, target, headers, body), often in kinds.items()
    )


def text_of(path: Path) -> str:
    """The text of a file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise bad(Where(str(path)), f"can't be read: {error.strerror}", "name a file") from None
    except UnicodeDecodeError:
        raise bad(
            Where(str(path)), "no text in UTF-8", "a HAR file or an access log, not compressed"
        ) from None


def bad(where: Where, message: str, hint: str) -> DocumentError:
    """The one error of a file."""
    return DocumentError([Problem(where, message, hint)])
