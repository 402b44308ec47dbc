"""`chaosmesh compare`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.cli import completing
from chaosmesh.cli.inputs import Inputs, read_inputs
from chaosmesh.cli.options import (
    file_option,
    json_option,
    profile_option,
    runs_option,
    runtime_option,
    seconds_of,
    undecided_option,
    write_json,
    write_text,
)
from chaosmesh.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from chaosmesh.engine.compare import Comparison, Side
    from chaosmesh.engine.summary import Summary

_TRYING = ("only", "quick", "budget", "seed", "profile", "runtime", "runs")
_READING = ("bindings", "binding_files", "mesh_name", "scenario_file")
OF_DOCUMENTS = frozenset((*_TRYING, *_READING))
"""What says how documents are read and verified: nothing of it concerns runs that have ended."""


@click.command()
@click.argument("a", metavar="A", shell_complete=completing.run_folders)
@click.argument("b", metavar="B", shell_complete=completing.run_folders)
@click.option("--only", multiple=True, metavar="PATTERN", help="Only checks and cells whose id matches.")
@click.option("--quick", is_flag=True, help="At most about 15 s for each: what takes longer is left out.")
@click.option(
    "--budget", callback=seconds_of, metavar="TIME", help="Leave out cells that would end later (of each)."
)
@click.option("--seed", type=int, help="The same victims on both (default: the scenario's, or 0).")
@click.option(
    "--margin",
    type=click.FloatRange(0, 100, min_open=True),
    default=2.0,
    show_default=True,
    help="Points within which two shares are the same.",
)
@click.option(
    "--set", "bindings", multiple=True, metavar="NAME=VALUE", help="Bind a variable, on both sides."
)
@click.option(
    "--set-file",
    "binding_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Bind many, on both sides: a YAML mapping.",
)
@click.option("--mesh-name", metavar="NAME", help="Mesh of documents that carry none.")
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Scenario file of both (default: the one in each folder).",
)
@file_option("--markdown", "markdown_file", text="Write it as a comment for a pull request.", stdout=False)
@file_option("--html", "html_file", text="Write a page.", stdout=False)
@undecided_option("a comparison that stays undecided")
@json_option("Write the result as JSON (- for stdout, without the lines).")
@profile_option
@runtime_option
@runs_option
def compare(a: str, b: str, **choices: Any) -> int:
    """Two policies or two runs side by side: which behaviour changed, what stayed, what is not known.

    A and B are documents (a file, folder or glob): the same verification, with the same seed, runs on the one and then on
    the other. Or both are run folders (or summary.json files): nothing is started. Ends with 0 when B is no worse than A,
    with 1 when it is worse, with 3 when that is not known.
    """
    from chaosmesh.engine.compare import compare as compared

    sides = [side for name in (a, b) if (side := _run(name))]
    earlier = bool(sides)
    if len(sides) == 1:
        run, other = (a, b) if sides[0].name == a else (b, a)
        if not Path(other).exists():
            raise UsageError(f"there is no {other}", hint=f"{run} is a run: name another one")
        raise UsageError(f"{run} is a run, {other} is not", hint="name two runs, or documents twice")
    if sides:
        _refuse_what_starts()
    else:
        sides = _verified([_policy(one, choices) for one in (a, b)], choices)
    found = compared(sides[0], sides[1], margin=choices["margin"] / 100, earlier=earlier)
    _written(found, choices)
    if found.code is ExitCode.UNDECIDED and choices["undecided"] == "warn":
        return ExitCode.PASS
    return found.code


def _refuse_what_starts() -> None:
    context = click.get_current_context()
    asked = [
        one.opts[0]
        for one in context.command.params
        if one.name in OF_DOCUMENTS
        and context.get_parameter_source(one.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if asked:
        text = (
            f"{', '.join(asked)}: with two runs nothing is started, so there is nothing that it could change"
        )
        raise UsageError(text, hint="leave it out; it is for documents")


@dataclass(frozen=True, slots=True)
class _Policy:
    """Documents of one side."""

    name: str
    inputs: Inputs


def _policy(name: str, choices: dict[str, Any]) -> _Policy:
    given = (
        choices["bindings"],
        choices["binding_files"],
        choices["mesh_name"],
        (),
        choices["scenario_file"],
    )
    return _Policy(name, read_inputs([name], *given))


def _run(name: str) -> Side | None:
    """A run folder, a file of it, or a summary alone, whose documents nobody knows; None for documents."""
    from chaosmesh.engine.absent import LATEST, absent, begun
    from chaosmesh.engine.compare import Side
    from chaosmesh.engine.folder import RUN_JSON
    from chaosmesh.engine.history.parsing import read_summary
    from chaosmesh.engine.kept import kept_rules
    from chaosmesh.engine.summary import NAME, summarize

    place = Path(name)
    folder = place.parent if place.name in (NAME, RUN_JSON) else place
    if (folder / RUN_JSON).is_file():
        kept = folder / NAME
        return Side(name, read_summary(kept) if kept.is_file() else summarize(folder), kept_rules(folder))
    if (place / LATEST).is_dir() or begun(place):
        raise absent(place, RUN_JSON)
    file = place / NAME if place.is_dir() else place
    return Side(name, read_summary(file)) if _is_summary(file) else None


def _is_summary(file: Path) -> bool:
    from chaosmesh.engine.summary import SCHEMA

    if file.suffix != ".json" or not file.is_file():
        return False
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("schema") == SCHEMA


def _verified(policies: list[_Policy], choices: dict[str, Any]) -> list[Side]:
    """Both verified, one after the other; wrong input of either shows up before anything starts."""
    from chaosmesh.engine.compare import Side
    from chaosmesh.engine.options import Options
    from chaosmesh.engine.stated import rules_of
    from chaosmesh.engine.verify import Verification

    options = Options(
        profile=choices["profile"],
        seed=choices["seed"],
        only=choices["only"],
        quick=choices["quick"],
        budget_s=choices["budget"],
        cure=False,
        runtime=choices["runtime"],
    )
    ready = [Verification(one.inputs.resources, one.inputs.scenario, options) for one in policies]
    return [
        Side(
            policy.name,
            _verify(one, policy.name, choices["runs"]),
            rules_of(policy.inputs.resources, policy.inputs.scenario),
        )
        for one, policy in zip(ready, policies, strict=True)
    ]


def _verify(verification: Any, name: str, runs: Path) -> Summary:
    import asyncio

    from chaosmesh.cli.verify import files_of
    from chaosmesh.engine.events import RunFinished
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.summary import write_summary
    from chaosmesh.report.consumer import Consumers
    from chaosmesh.report.terminal import Terminal

    click.echo(f"— {name}", err=True)
    folder = RunFolder.create(runs, verification.name)
    verification.keep_documents(folder)
    listeners = Consumers([Terminal(sys.stderr, sys.stderr), *files_of(folder)])
    try:
        result = asyncio.run(verification.run(folder, listeners))
        listeners(RunFinished(result, str(folder.path)))
    finally:
        listeners.close()
    return write_summary(folder.path)


def _written(found: Comparison, choices: dict[str, Any]) -> None:
    from chaosmesh.report.compare_text import lines

    if choices["json_file"] is not None:
        write_json(choices["json_file"], found.as_json())
    if choices["markdown_file"] is not None:
        from chaosmesh.report.compare_markdown import comment

        write_text(choices["markdown_file"], comment(found))
    if choices["html_file"] is not None:
        from chaosmesh.report.compare_page import render

        write_text(choices["html_file"], render(found))
    if choices["json_file"] != "-":
        for line in lines(found):
            click.echo(line)
