"""A program that takes all of one core, for so many seconds at most: `python -m chaosmesh.runtime.neighbour 600`."""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Burns until the time is over; whoever started it ends it sooner."""
    until = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        for _ in range(100_000):
            pass


if __name__ == "__main__":
    main()
