"""`python -m benchmarks [NAME…]`: every module here with a `run()` measures something; this prints the table.

Figures are compared with what is wanted and with a floor from the same run, because the machine changes.
Exit code 1 if a figure was not reached.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import cast

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.row import Row

Measure = Callable[[], list[Row]]


def measures() -> dict[str, Measure]:
    """Every benchmark by the name of its module."""
    found = {}
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if not info.name.startswith("_"):
            run = getattr(importlib.import_module(f"benchmarks.{info.name}"), "run", None)
            if run is not None:
                found[info.name] = cast("Measure", run)
    return found


def table(rows: list[Row]) -> Table:
    """The figures beside what is wanted, the floor, and their ratio."""
    result = Table(box=None, pad_edge=False)
    for title, side in (
        ("figure", "left"),
        ("measured", "right"),
        ("reach", "right"),
        ("floor", "right"),
        ("ratio", "right"),
    ):
        result.add_column(title, justify=side)  # type: ignore[arg-type]
    for row in rows:
        mark = "" if row.reached else "  not reached"
        result.add_row(row.figure, row.measured, row.reach, row.floor, f"{row.ratio:.2f}{mark}")
    return result


def main() -> int:
    """Measures what was asked for, one after the other, and prints one table."""
    known = measures()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(known)} (all if none is given)")
    wanted = parser.parse_args().name or list(known)
    unknown = [one for one in wanted if one not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    rows: list[Row] = []
    for name in wanted:
        print(f"benchmarks: {name} …", file=sys.stderr)
        rows += known[name]()
    Console(width=None if sys.stdout.isatty() else 140).print(table(rows))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
