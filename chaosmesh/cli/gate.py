"""`chaosmesh gate`."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import (
    check_folder,
    file_option,
    json_option,
    profile_option,
    runs_option,
    runtime_option,
    seconds_of,
    write_json,
)

if TYPE_CHECKING:
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.gate import GateResult, Planned
    from chaosmesh.engine.gate.verifying import Subject, Watching
    from chaosmesh.engine.options import Options

SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command()
@click.option("--plan", "planning", is_flag=True, help="Say what would be run; start nothing.")
@click.option(
    "--budget", callback=seconds_of, metavar="TIME", help="Instead of the scenario's gate.budget (10m)."
)
@click.option("--seed", type=int, help="Same seed, same victims (default: the scenario's, or 0).")
@click.option(
    "--undecided",
    type=click.Choice(["fail", "warn"]),
    help="warn: a gate that stays undecided ends with 0 (default: what gate.undecided says, or fail).",
)
@file_option(
    "--junit", "junit_file", text="Write everything that was tried as JUnit, here too.", stdout=False
)
@file_option(
    "--summary",
    "summary_file",
    text=f"Append the result as Markdown (default: ${SUMMARY}, where it is set).",
    stdout=False,
)
@click.option(
    "--history",
    "history_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Add the summary of this run to a folder of nights (see chaosmesh history).",
)
@json_option("Write the result as JSON (- for stdout, without the lines).")
@profile_option
@runtime_option
@runs_option
@functools.partial(with_inputs, here=True)
def gate(inputs: Inputs, **choices: Any) -> int:
    """Run what the scenario's `gate:` names, one after another: one error budget, one verdict, one exit code.

    DOC… are as for verify; left out, the present folder's scenario file. A part that the budget leaves no time for is
    undecided, and named.
    """
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.gate import GateRun
    from chaosmesh.engine.gate.verifying import Subject

    if choices["history_folder"] is not None:
        check_folder(choices["history_folder"], "--history")
    options = _options(choices)
    subject = Subject(inputs.resources, inputs.scenario)
    planned = _planned(inputs, subject, options)
    target = choices["json_file"]
    say = _said(sys.stderr if target == "-" else sys.stdout)
    for text in planned.lines():
        say(text, 4)
    if choices["planning"]:
        return 0
    undecided = choices["undecided"] or planned.gate.undecided
    budget = planned.gate.budget if choices["budget"] is None else choices["budget"]
    seed = inputs.scenario.seed if options.seed is None else options.seed
    run = GateRun(planned, options, seed, undecided == "warn", budget)
    folder = RunFolder.create(choices["runs"], planned.name)
    from chaosmesh.report.gate import WIDE, last_line, line_of

    found = run.run(
        folder,
        lambda text: print(text, file=sys.stderr, flush=True),
        lambda one: say(line_of(one), WIDE + 2),
    )
    _written(found, planned, subject, folder, choices)
    say(last_line(found, folder.path), 2)
    return int(found.code)


def _said(stream: TextIO) -> Callable[[str, int], None]:
    """Prints lines that fit the screen; all but the first line of a text begin after so many blanks."""
    from chaosmesh.report.screen import screen_of

    screen = screen_of(stream)
    return lambda text, indent: print(screen.wrapped(text, indent), file=stream, flush=True)


def _options(choices: dict[str, Any]) -> Options:
    from chaosmesh.engine.options import Options

    return Options(profile=choices["profile"], seed=choices["seed"], runtime=choices["runtime"])


def _planned(inputs: Inputs, subject: Subject, options: Options) -> Planned:
    from chaosmesh.engine.experiment.inputs import Wanted
    from chaosmesh.engine.gate import plan_of

    wanted = Wanted(
        tuple(Path(one).absolute() for one in inputs.documents),
        tuple(sorted(inputs.scenario.variables.items())),
        options.profile,
        None if inputs.scenario_file is None else inputs.scenario_file.absolute(),
        runtime=options.runtime,
        mesh_name=inputs.mesh_name,
        names=inputs.names,
    )
    return plan_of(subject, options, wanted, _watch)


def _watch(folder: RunFolder) -> Watching:
    """The files of a verification, and its table."""
    from chaosmesh.cli.verify import files_of
    from chaosmesh.engine.gate.verifying import Watching
    from chaosmesh.report.consumer import Consumers
    from chaosmesh.report.terminal import Terminal

    listeners = Consumers([Terminal(sys.stderr, sys.stderr), *files_of(folder)])
    return Watching(listeners, listeners.close)


def _written(
    found: GateResult, planned: Planned, subject: Subject, folder: RunFolder, choices: dict[str, Any]
) -> None:
    from chaosmesh.engine.gate.keep import keep
    from chaosmesh.report import github_summary
    from chaosmesh.report.junit_gate import junit_of
    from chaosmesh.report.write import write_whole

    keep(folder, found, planned, subject)
    if choices["history_folder"] is not None and not found.interrupted:
        from chaosmesh.engine.history import add

        add(choices["history_folder"], [folder.path])
    junit = junit_of(found)
    for target in (folder.path / "junit.xml", choices["junit_file"]):
        if target is not None:
            write_whole(Path(target), junit)
    if choices["json_file"] is not None:
        write_json(choices["json_file"], found.as_json())
    blocks = github_summary.of_gate(found, planned.mesh)
    write_whole(folder.path / "summary.md", github_summary.fitting(blocks))
    if target := choices["summary_file"] or os.environ.get(SUMMARY):
        github_summary.append_summary(Path(target), blocks)
    _annotated(found)


def _annotated(found: GateResult) -> None:
    from chaosmesh.report.github import commands, of_gate, on_github

    if on_github():
        print(commands(of_gate(found)), file=sys.stderr, end="", flush=True)
