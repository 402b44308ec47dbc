"""Prints the shape of a user's file as JSON: `python -m chaosmesh.load.ticks_main FILE CLASS SECONDS`."""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  (it patches the standard library, so it comes first)
import json
import sys
from dataclasses import asdict
from typing import Any

from chaosmesh.errors import UsageError
from chaosmesh.load import userfile
from chaosmesh.load.ticks import of_class


def answer(file: str, name: str, limit: float) -> dict[str, Any]:
    """The shape, or what is wrong."""
    try:
        return asdict(of_class(_wanted(file, name), limit))
    except userfile.BadFileError as error:
        return error.tree()
    except UsageError as error:
        where = error.where
        return {
            "error": error.message,
            "file": where.file if where else file,
            "line": where.line if where else 1,
            "hint": error.hint,
        }


def _wanted(file: str, name: str) -> Any:
    shapes = {type(one).__name__: one for one in userfile.read(file)[1]}
    if name in shapes:
        return shapes[name]
    if not name and len(shapes) == 1:
        return next(iter(shapes.values()))
    raise userfile.BadFileError(
        f"no LoadTestShape {name!r}" if name else "which LoadTestShape is meant?",
        file,
        hint=f"name one after the file, such as {file}:Day; it has {', '.join(shapes) or 'none'}",
    )


if __name__ == "__main__":
    print(json.dumps(answer(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
