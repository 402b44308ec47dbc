"""Says as JSON whether a user's Locust file can be used: `python -m chaosmesh.load.userfile_main FILE`."""

from __future__ import annotations

import locust  # isort: skip  # noqa: F401  (it patches the standard library, so it comes first)
import json
import sys
from typing import Any

from chaosmesh.load import userfile


def answer(file: str) -> dict[str, Any]:
    """The names of its users, or what is wrong."""
    try:
        return {"users": sorted(userfile.users_of(file)[0])}
    except userfile.BadFileError as error:
        return error.tree()


if __name__ == "__main__":
    print(json.dumps(answer(sys.argv[1])))
