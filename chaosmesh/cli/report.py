"""`chaosmesh report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosmesh.cli import completing
from chaosmesh.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from chaosmesh.report.book import Book

JUNIT = "junit.xml"
RUN_JSON = "run.json"


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path), shell_complete=completing.run_folders)
@click.option("--html", metavar="FILE", help="Write the page: one file that opens without network.")
@click.option("--markdown", metavar="FILE", help="Write it as Markdown (- for stdout).")
@click.option("--junit", metavar="FILE", help="Write the run's JUnit file (- for stdout).")
@click.option("--terminal", is_flag=True, help="Show it here (also when nothing else is asked for).")
def report(run: Path, html: str | None, markdown: str | None, junit: str | None, terminal: bool) -> int:
    """The report of a run, from its folder alone: no mesh is started.

    RUN is a run folder of verify, of an experiment, of a canary, of a gate or of `up --ui`, for example
    runs/NAME/latest. The verdict is told as it was; `chaosmesh judge` tells it anew.
    """
    run = run.parent if run.name == RUN_JSON else run
    given = [("--html", html), ("--markdown", markdown), ("--junit", junit)]
    _writable(given)
    from chaosmesh.report.book import read

    if junit is not None:
        _write(junit, _kept_junit(run))
    if html is not None or markdown is not None or terminal or junit is None:
        _tell(read(run), run, html, markdown, terminal=terminal or not any(value for _, value in given))
    return ExitCode.PASS


def _tell(book: Book, run: Path, html: str | None, markdown: str | None, *, terminal: bool) -> None:
    if html is not None:
        from chaosmesh.report.html import render

        _write(html, render(book))
    if markdown is not None:
        from chaosmesh.report.markdown import markdown as told

        _write(markdown, told(book))
    if terminal:
        from chaosmesh.report.text import show

        show(book, str(run), sys.stdout, sys.stderr)


def _kept_junit(run: Path) -> str:
    from xml.etree import ElementTree as ET

    from chaosmesh.engine.absent import absent

    try:
        text = (run / JUNIT).read_text("utf-8")
        ET.fromstring(text)  # noqa: S314 - a half-written file shows; nothing of it is used
    except FileNotFoundError:
        raise absent(run, JUNIT) from None
    except (OSError, ValueError, ET.ParseError) as error:
        hint = "take another run folder, or run it again"
        raise UsageError(f"{run / JUNIT} can't be read: {error}", hint=hint) from None
    return text


def _writable(given: list[tuple[str, str | None]]) -> None:
    """What can't be written shows before anything is read."""
    for option, value in given:
        if value not in (None, "-") and Path(str(value)).is_dir():
            raise UsageError(f"{option}: {value} is a folder", hint="name a file, or - for stdout")
    if sum(value == "-" for _, value in given) > 1:
        raise UsageError("only one of them can go to stdout", hint="name a file for the others")


def _write(target: str, text: str) -> None:
    if target == "-":
        click.echo(text, nl=False)
        return
    from chaosmesh.report.write import write_whole

    try:
        write_whole(Path(target), text)
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror}") from None
