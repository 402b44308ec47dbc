"""`chaosmesh trace`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosmesh.cli import completing
from chaosmesh.cli.options import json_option, write_json
from chaosmesh.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from chaosmesh.ledger import Ledger
    from chaosmesh.ledger.story import Story


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path), shell_complete=completing.run_folders)
@click.argument("request_ids", nargs=-1, metavar="[REQUEST-ID]...")
@click.option("--failed", is_flag=True, help="Requests that failed, the first ones (see --limit).")
@click.option("--slowest", type=click.IntRange(1), metavar="N", help="The slowest N, unanswered ones first.")
@click.option(
    "--limit", type=click.IntRange(1), default=5, show_default=True, help="How many of --failed are shown."
)
@json_option("Write them as JSON, spans included (- for stdout).")
def trace(
    run: Path,
    request_ids: tuple[str, ...],
    failed: bool,
    slowest: int | None,
    limit: int,
    json_file: str | None,
) -> int:
    """What single requests met, hop by hop: attempts, faults, and who waited for whom.

    RUN is a run folder, for example runs/NAME/latest. Without a choice it is the first request that failed, or the
    slowest one. Works for every run; one with a tracer (--traces of verify and up, --chaos-traces of pytest) also tells
    what the sidecars passed on to their applications.
    """
    if request_ids and (failed or slowest):
        raise UsageError("a REQUEST-ID is a choice by itself", hint="leave out --failed and --slowest")
    from chaosmesh.ledger import Ledger

    ledger = Ledger.read(run)
    found = _named(ledger, request_ids) if request_ids else _chosen(ledger, failed, slowest, limit)
    if json_file is not None:
        write_json(json_file, [one.as_json() for one in found])
        if json_file == "-":
            return ExitCode.PASS
    from chaosmesh.report.waterfall import show

    show(found, sys.stdout)
    return ExitCode.PASS


def _named(ledger: Ledger, request_ids: tuple[str, ...]) -> list[Story]:
    from chaosmesh.ledger.story import story

    found = []
    for one in request_ids:
        told = story(ledger, one)
        if told is None:
            raise UsageError(
                f"the run knows no request {one!r}", hint="chaosmesh trace RUN --failed names some"
            )
        found.append(told)
    return found


def _chosen(ledger: Ledger, failed: bool, slowest: int | None, limit: int) -> list[Story]:
    from chaosmesh.ledger.story import chosen, story

    requests = ledger.requests()
    if failed or slowest is not None:
        picked = chosen(requests, failed=failed, slowest=slowest)
    else:
        picked = chosen(requests, failed=True)[:1] or chosen(requests, slowest=1)
    if failed and slowest is None and len(picked) > limit:
        click.echo(f"{len(picked)} requests failed; the first {limit} (--limit shows more)", err=True)
        picked = picked[:limit]
    if not picked:
        click.echo("no request failed" if failed else "the run has no requests", err=True)
    return [told for one in picked if (told := story(ledger, one.request_id))]
