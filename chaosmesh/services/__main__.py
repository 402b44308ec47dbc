"""One stand-in as a program of its own: `python3 -m chaosmesh.services [FILE]`, the way in which containers run it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from chaosmesh.errors import ExitCode, UsageError
from chaosmesh.services.config import StandIn

GIVEN = "CHAOSMESH_STANDIN"
"""In the environment: the JSON of a `StandIn`, where no file is named."""


def read(arguments: list[str]) -> StandIn:
    """The stand-in in the file that is named, else in $CHAOSMESH_STANDIN. UsageError for what is none."""
    if len(arguments) > 1:
        raise UsageError("one file at most can be named", hint="python3 -m chaosmesh.services FILE")
    source = arguments[0] if arguments else f"${GIVEN}"
    try:
        text = Path(arguments[0]).read_text() if arguments else os.environ.get(GIVEN, "")
        return StandIn.from_json(json.loads(text))
    except OSError as error:
        raise UsageError(f"{source} can't be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{source} holds no stand-in: {type(error).__name__}: {error}",
            hint=f"name a file with the JSON of a stand-in, or put it into ${GIVEN}",
        ) from error


def main() -> int:
    """Serves until a signal ends it, whose default does nothing to the first process of a container."""
    try:
        config = read(sys.argv[1:])
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, _frame: os._exit(128 + number))
        from chaosmesh.services.standin import serve

        serve(config)
    except (UsageError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return ExitCode.ENVIRONMENT if isinstance(error, OSError) else ExitCode.USAGE
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main())
