"""The command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the `chaosmesh` command."""
    return 0 if sys.argv[1:2] == ["setup"] else 2
