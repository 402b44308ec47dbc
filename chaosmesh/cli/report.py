"""`chaosmesh report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosmesh.cli import completing
from chaosmesh.cli.options import file_option, write_text
from chaosmesh.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from chaosmesh.report.book import Book

JUNIT = "junit.xml"


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path), shell_complete=completing.run_folders)
@file_option("--html", text="Write the page: one file that opens without network (- for stdout).")
@file_option("--markdown", text="Write it as Markdown (- for stdout).")
@file_option("--junit", text="Write the run's JUnit file (- for stdout).")
@click.option("--terminal", is_flag=True, help="Show it here (also when nothing else is asked for).")
def report(run: Path, html: str | None, markdown: str | None, junit: str | None, terminal: bool) -> int:
    """The report of a run, from its folder alone: no mesh is started.

    RUN is a run folder of verify, of an experiment, of a canary, of a gate or of `up --ui`, for example
    runs/NAME/latest. The verdict is told as it was; `chaosmesh judge` tells it anew.
    """
    from chaosmesh.engine.folder import RUN_JSON

    run = run.parent if run.name == RUN_JSON else run
    given = [html, markdown, junit]
    if given.count("-") > 1:
        raise UsageError("only one of them can go to stdout", hint="name a file for the others")
    from chaosmesh.report.book import read

    if junit is not None:
        write_text(junit, _kept_junit(run))
    if html is not None or markdown is not None or terminal or junit is None:
        _tell(read(run), run, html, markdown, terminal=terminal or not any(given))
    return ExitCode.PASS


def _tell(book: Book, run: Path, html: str | None, markdown: str | None, *, terminal: bool) -> None:
    if html is not None:
        from chaosmesh.report.html import render

        write_text(html, render(book))
    if markdown is not None:
        from chaosmesh.report.markdown import markdown as told

        write_text(markdown, told(book))
    if terminal:
        from chaosmesh.report.text import show

        show(book, str(run), sys.stdout, sys.stderr)


def _kept_junit(run: Path) -> str:
    from xml.etree import ElementTree as ET

    from chaosmesh.engine.absent import absent
    from chaosmesh.engine.folder import RUN_JSON

    try:
        text = (run / JUNIT).read_text("utf-8")
        ET.fromstring(text)  # noqa: S314 - a half-written file shows; nothing of it is used
    except FileNotFoundError:
        if not (run / RUN_JSON).is_file():
            raise absent(run, JUNIT) from None
        hint = "--html, --markdown and --terminal tell of every run"
        raise UsageError(f"{run / JUNIT} is missing: this run wrote none", hint=hint) from None
    except (OSError, ValueError, ET.ParseError) as error:
        hint = "take another run folder, or run it again"
        raise UsageError(f"{run / JUNIT} can't be read: {error}", hint=hint) from None
    return text
