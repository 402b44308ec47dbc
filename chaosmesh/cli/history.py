"""`chaosmesh history`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.cli import completing
from chaosmesh.cli.options import file_option, json_option, write_json, write_text
from chaosmesh.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from chaosmesh.engine.history import History


@click.command()
@click.argument("folder", metavar="[DIR]", default="history", type=click.Path(path_type=Path))
@click.argument(
    "more",
    nargs=-1,
    metavar="[RUN...]",
    type=click.Path(path_type=Path),
    shell_complete=completing.run_folders,
)
@click.option(
    "--add",
    "adding",
    is_flag=False,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Keep this run as a night (a run folder or a summary.json). More runs after it are of the same night.",
)
@click.option("--since", metavar="DATE", help="Only nights from this date on (2026-11-23).")
@click.option(
    "--fail-on-regression/--no-fail-on-regression",
    default=None,
    help="Exit 1 while something is worse than it was (default: where CI=true).",
)
@file_option("--html", "html_file", text="Write a page.", stdout=False)
@json_option("Write what was found as JSON (- for stdout, without the lines).")
def history(folder: Path, more: tuple[Path, ...], adding: tuple[Path, ...], **choices: Any) -> int:
    """Trends over nightly runs: what became worse for good, at which night, and what is merely unsteady.

    DIR (default: history) keeps one small file a night; commit it, or keep it as an artifact. With --add RUN the summary of a
    run is put there first. A regression is told by a test across nights, never by one bad night alone.
    """
    from chaosmesh.engine.history import add, read, trends
    from chaosmesh.engine.history.document import document

    if more and not adding:
        text = f"{more[0]}: what is it for?"
        raise UsageError(text, hint=f"to keep it as a night: chaosmesh history {folder} --add {more[0]}")
    if adding:
        kept = add(folder, [*adding, *more])
        click.echo(f"kept as {kept}", err=True)
    found = trends(str(folder), read(folder, _date(choices["since"])))
    if choices["json_file"] is not None:
        write_json(choices["json_file"], document(found))
    if choices["html_file"] is not None:
        from chaosmesh.report.history_page import render

        write_text(choices["html_file"], render(found))
    return _told(found, choices)


def _told(found: History, choices: dict[str, Any]) -> int:
    from chaosmesh.report.history_text import lines

    failing = choices["fail_on_regression"]
    if failing is None:
        failing = os.environ.get("CI", "").lower() == "true"
    code = ExitCode.FAIL if found.regressions and failing else ExitCode.PASS
    if choices["json_file"] != "-":
        for line in lines(found):
            click.echo(line)
        if found.regressions:
            other = "--no-fail-on-regression: 0" if failing else "--fail-on-regression: 1, the default in CI"
            click.echo(f"exit {int(code)} ({other})")
    return code


def _date(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise UsageError(f"--since: {text!r} is no date", hint="write it like 2026-11-23") from error
