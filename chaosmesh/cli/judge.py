"""`chaosmesh judge`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosmesh.cli import completing
from chaosmesh.cli.options import json_option, undecided_option, write_json
from chaosmesh.errors import ExitCode

if TYPE_CHECKING:
    from chaosmesh.engine.rejudge import Line, Rejudged

WORST_FIRST = (ExitCode.LIMIT, ExitCode.FAIL, ExitCode.UNDECIDED, ExitCode.PASS)


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN...",
    type=click.Path(path_type=Path),
    shell_complete=completing.run_folders,
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Judge as if the whole run had this much error to spend (as it was: 0.01).",
)
@undecided_option()
@json_option("Write the runs with their verdicts as JSON (- for stdout).")
def judge(runs: tuple[Path, ...], alpha: float | None, undecided: str, json_file: str | None) -> int:
    """The verdict of a run once more, from its folder alone: no mesh is started.

    RUN is a run folder of an experiment or of `chaosmesh verify`, for example runs/NAME/latest. The same folder gives
    the same verdict to the last digit; a file that is damaged or was changed is an error (exit 2). With --alpha the
    same evidence is held against another line, and only verdicts can differ. Ends with the code of
    the worst verdict: of an experiment also where its test wanted an expectation to fail.
    """
    from chaosmesh.engine.rejudge import rejudge

    found = [rejudge(one, alpha) for one in runs]
    if json_file is not None:
        documents = [one.document for one in found]
        write_json(json_file, documents[0] if len(documents) == 1 else documents)
    if json_file != "-":
        from chaosmesh.report.screen import screen_of

        screen = screen_of(sys.stdout)
        for line in (line for one in found for line in _told(one)):
            click.echo(screen.wrapped(line, _REASON if line.startswith(" ") else 2))
    code = min((one.code for one in found), key=WORST_FIRST.index)
    return ExitCode.PASS if code is ExitCode.UNDECIDED and undecided == "warn" else code


_REASON = 16
"""Columns before the name of what was judged."""


def _told(one: Rejudged) -> list[str]:
    taken = [line for line in one.lines if not line.again]
    again = len(one.lines) - len(taken)
    lines = [f"{one.name}  ({one.folder}), alpha {one.alpha:g}"]
    lines += [_line(line) for line in one.lines if line.again or line.now != "pass"]
    end = f"{again} told again from the evidence"
    end += f", {len(taken)} taken over as they stand" if taken else ""
    changed = len(one.changed)
    lines.append(f"{end}; {f'{changed} changed' if changed else 'the same verdicts'} · exit {int(one.code)}")
    return lines


def _line(line: Line) -> str:
    was = "" if line.before == line.now else f" (was {line.before})"
    kept = "" if line.again else "  [taken over]"
    reason = line.reason.removeprefix(f"{line.name}: ")
    return f"  {line.now + was:<12}  {line.name}{kept}" + (f": {reason}" if reason else "")
