"""`chaosmesh verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import (
    json_option,
    profile_option,
    runs_option,
    runtime_option,
    seconds_of,
    traces_option,
    undecided_option,
)
from chaosmesh.cli.scraping import prometheus_option, scraped
from chaosmesh.errors import ExitCode

if TYPE_CHECKING:
    from chaosmesh.engine.events import RunFinished
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.verify import Verification
    from chaosmesh.report.consumer import Consumer, Consumers


@click.command()
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only checks and cells whose id matches (see --list)."
)
@click.option("--quick", is_flag=True, help="At most about 15 s: what takes longer is left out, and said.")
@click.option("--list", "listing", is_flag=True, help="Name every check and cell; start nothing.")
@click.option(
    "--budget",
    callback=seconds_of,
    metavar="TIME",
    help="Leave out cells that would end later than this (5m).",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first failed check or weak edge.")
@click.option("--strict", is_flag=True, help="A weak edge fails the run, also without a declared slo.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that send the load together (Locust's own master and workers).",
)
@click.option(
    "--workers-bind",
    default="",
    metavar="HOST:PORT",
    help="Workers join here from other machines; none is started on this one.",
)
@prometheus_option
@click.option("--seed", type=int, help="Same seed, same victims (default: the scenario's, or 0).")
@profile_option
@runtime_option
@traces_option
@undecided_option()
@json_option("Write the result as JSON (- for stdout, without the table).")
@runs_option
@with_inputs
def verify(
    inputs: Inputs,
    **choices: Any,
) -> int:
    """Check that every rule of the policy takes effect, then break every edge and judge what users feel.

    DOC… are files, folders or globs of App Mesh documents (API JSON or CloudFormation). Later paths replace
    resources of the same name, as an update does.
    """
    return run_verify(inputs, choices)


def run_verify(inputs: Inputs, choices: dict[str, Any]) -> int:
    """Verify with the choices of the command line; the exit code."""
    from chaosmesh.engine.options import Options
    from chaosmesh.engine.verify import Verification

    options = Options(
        profile=choices["profile"],
        seed=choices["seed"],
        only=choices["only"],
        quick=choices["quick"],
        budget_s=choices["budget"],
        fail_fast=choices["fail_fast"],
        strict=choices["strict"],
        cure=not choices["quick"],
        tolerant=choices["undecided"] == "warn",
        workers=choices["workers"],
        workers_bind=choices["workers_bind"],
        runtime=choices["runtime"],
        traces=choices.get("traces"),
    )
    inputs = scraped(inputs, wanted=choices.get("prometheus", False))
    verification = Verification(inputs.resources, inputs.scenario, options)
    if choices["listing"]:
        for line in verification.listing():
            click.echo(line)
        return ExitCode.PASS
    return _run(verification, choices)


def _run(verification: Verification, choices: dict[str, Any]) -> int:
    import asyncio

    from chaosmesh.engine.events import RunFinished
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.report.consumer import Consumers
    from chaosmesh.report.github import on_github
    from chaosmesh.report.jsonfile import JsonFile
    from chaosmesh.report.terminal import Terminal

    target = choices["json_file"]
    folder = RunFolder.create(choices["runs"], verification.name)
    verification.keep_documents(folder)
    table = sys.stderr if target == "-" else sys.stdout
    consumers = [Terminal(table, sys.stderr), *files_of(folder)]
    if target is not None:
        consumers.append(JsonFile(target, sys.stdout))
    if on_github():
        from chaosmesh.report.github_run import GitHubRun

        consumers.append(GitHubRun(verification.mesh, sys.stderr))
    listeners = Consumers(consumers)
    try:
        result = asyncio.run(verification.run(folder, listeners))
        return _finish(listeners, RunFinished(result, str(folder.path)))
    finally:
        listeners.close()


def files_of(folder: RunFolder) -> list[Consumer]:
    """Who writes the files of a run folder."""
    from chaosmesh.engine.folder import EVENTS
    from chaosmesh.report.html import HtmlFile
    from chaosmesh.report.jsonfile import JsonFile
    from chaosmesh.report.junit_verify import JUnitFile
    from chaosmesh.report.ndjson import EventsFile

    return [
        EventsFile(folder.path / EVENTS),
        JsonFile(folder.path / "run.json", sys.stdout),
        JUnitFile(folder.path / "junit.xml"),
        HtmlFile(folder.path),
    ]


def _finish(listeners: Consumers, event: RunFinished) -> int:
    """A report that can't be written does not cost the verdict; a run that passed says so by its exit code."""
    from chaosmesh.engine.summary import write_summary

    code = event.result.exit_code()
    try:
        listeners(event)
        write_summary(Path(event.folder))
    except Exception as error:  # noqa: BLE001 - a full disk, a closed pipe: whatever it was, the verdict stands
        click.echo(f"a report could not be written: {error}", err=True)
        return ExitCode.ENVIRONMENT if code is ExitCode.PASS else code
    return code
