"""A run that is judged again: line by line, and as a document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaosmesh.errors import ExitCode, UsageError

AGAIN = "take another run folder, or run it again"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One claim, cell or check: what it is called, its verdict before and now, and why; `again`: not taken over."""

    name: str
    before: str
    now: str
    reason: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A run, judged again: `document` is its run.json with the verdicts of now, `code` what the run would end with."""

    folder: Path
    name: str
    document: Json
    lines: tuple[Line, ...]
    code: ExitCode
    alpha: float

    @property
    def changed(self) -> tuple[Line, ...]:
        """What another α changed."""
        return tuple(one for one in self.lines if one.before != one.now)


def same(folder: Path, before: Any, now: Any, what: str) -> None:
    """UsageError where what was told does not follow."""
    if before != now:
        text = f"{folder}: {what} was told as {before!r}, and follows as {now!r} from what is in the folder"
        raise UsageError(text, hint="the folder is of another version, or was changed; run it again")
