"""The command line: thin clients of the library. Each command's module is loaded when it is used."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the `chaosmesh` command; ends the process with the command's exit code."""
    from chaosmesh.cli.program import run

    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
