"""Reads a user's Locust file in Locust's own process; what is wrong with it gets a place.

Only processes that have imported Locust import this module.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from locust.util.load_locustfile import load_locustfile


class BadFileError(Exception):
    """Raised for a file that can't be used: `file`, `line`, and the next step."""

    def __init__(self, message: str, file: str, line: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.hint = message, file, line, hint

    def tree(self) -> dict[str, Any]:
        """For another process."""
        return {"error": self.message, "file": self.file, "line": self.line, "hint": self.hint}


def read(path: str) -> tuple[dict[str, type], list[Any]]:
    """User classes and shapes (instances) of a file; raises BadFileError."""
    try:
        users, shapes = load_locustfile(str(Path(path).resolve()))
    except SyntaxError as error:
        raise BadFileError(f"{error.msg}", error.filename or path, error.lineno or 1) from error
    except (Exception, SystemExit) as error:
        raise BadFileError(f"{type(error).__name__}: {error}", *place(error, path)) from error
    return dict(users), list(shapes)


def users_of(path: str) -> tuple[dict[str, type], list[Any]]:
    """User classes and shapes of a file that has some; raises BadFileError."""
    users, shapes = read(path)
    if not users:
        raise BadFileError("no User class in it", path, hint="class Visitor(FastHttpUser): …")
    return users, shapes


def place(error: BaseException, path: str) -> tuple[str, int]:
    """The innermost line of the user's own file that an error went through."""
    own = str(Path(path).resolve())
    lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == own]
    return path, (lines[-1].lineno or 1) if lines else 1
