"""Documents and scenario from the command line: the options that every command with documents shares."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from chaosmesh.appmesh import Resources
from chaosmesh.appmesh.load import DEFAULT_MESH
from chaosmesh.cli import completing
from chaosmesh.documents import parse, plain
from chaosmesh.documents.scenario import Scenario
from chaosmesh.documents.source import SCENARIO_NAME, read_text
from chaosmesh.engine.inputs import read
from chaosmesh.errors import DocumentError, Problem, UsageError, Where


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user named: the resources of the mesh and the scenario around it. `again` reads it anew. `mesh_name` and
    `names` (pairs of file and name): of documents that carry none; `scenario_file`: where it was named."""

    resources: Resources
    scenario: Scenario
    documents: tuple[str, ...]
    again: Callable[[], Inputs] | None = None
    mesh_name: str | None = None
    names: tuple[tuple[str, str], ...] = ()
    scenario_file: Path | None = None


def read_inputs(
    documents: Sequence[str],
    bindings: Sequence[str],
    binding_files: Sequence[Path],
    mesh_name: str | None,
    names: Sequence[str],
    scenario_file: Path | None,
    *,
    whole: bool = True,
) -> Inputs:
    """Everything read and checked; DocumentError or UsageError with all problems, nothing started.

    Warnings go to stderr. With `whole` false a reference to what is not among the documents is no problem.
    """
    if not documents and scenario_file is None:
        raise UsageError(
            "no documents were given", hint="chaosmesh demo shows it on documents that come with the package"
        )
    if scenario_file is not None and not scenario_file.exists():
        raise UsageError(f"--scenario: there is no file {scenario_file}")
    variables: dict[str, str] = {}
    for file in binding_files:
        variables |= _variables_of(file)
    variables |= dict(_pair(one, "--set NAME=VALUE") for one in bindings)
    given = tuple(_pair(one, "--name FILE=[PARENT/]NAME") for one in names)
    resources, scenario = read(
        documents,
        scenario_file=scenario_file,
        variables=variables,
        mesh_name=mesh_name,
        names=dict(given),
        whole=whole,
    )
    if resources.warnings:
        from chaosmesh.report.errors import warned
        from chaosmesh.report.screen import screen_of

        for one in resources.warnings:
            click.echo(warned(one, screen_of(sys.stderr)), err=True)
    return Inputs(
        resources, scenario, tuple(documents), mesh_name=mesh_name, names=given, scenario_file=scenario_file
    )


def _variables_of(file: Path) -> Mapping[str, str]:
    roots = parse(read_text(file), str(file))
    body = plain(roots[0]) if roots else {}
    if not isinstance(body, dict) or any(isinstance(v, dict | list) for v in body.values()):
        raise DocumentError(
            [Problem(Where(str(file)), "is no mapping of names to values", "write lines like NAME: value")]
        )
    return {str(name): str(value) for name, value in body.items()}


def _pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"{text!r} is not {form}")
    return name, value


def with_inputs(
    command: Callable[..., int], *, whole: bool = True, optional: bool = False, here: bool = False
) -> Callable[..., int]:
    """Adds DOC… and everything that binds, names and surrounds documents; the command gets `inputs`.

    With `whole` false references may lead out of the documents; with `optional` there need not be any document; with
    `here` the present folder is meant where none is named and it holds a scenario file.
    """

    @functools.wraps(command)
    def reading(
        documents: Sequence[str],
        bindings: Sequence[str],
        binding_files: Sequence[Path],
        mesh_name: str | None,
        names: Sequence[str],
        scenario_file: Path | None,
        **rest: Any,
    ) -> int:
        if here and not documents and scenario_file is None and Path(SCENARIO_NAME).is_file():
            documents = (".",)
        given = (documents, bindings, binding_files, mesh_name, names, scenario_file)
        if optional and not documents and scenario_file is None:
            return command(inputs=Inputs(Resources(mesh_name or DEFAULT_MESH), Scenario(), ()), **rest)
        again = functools.partial(read_inputs, *given, whole=whole)
        return command(inputs=replace(again(), again=again), **rest)

    for option in reversed(_OPTIONS):
        reading = option(reading)
    return reading


_OPTIONS = (
    click.argument("documents", nargs=-1, metavar="DOC...", shell_complete=completing.files),
    click.option(
        "--set",
        "bindings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Bind a variable or a CloudFormation parameter.",
    ),
    click.option(
        "--set-file",
        "binding_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Bind many: a YAML mapping.",
    ),
    click.option("--mesh-name", metavar="NAME", help="Mesh of documents that carry none."),
    click.option(
        "--name",
        "names",
        multiple=True,
        metavar="FILE=[PARENT/]NAME",
        help="Name of a document that carries none.",
    ),
    click.option(
        "--scenario",
        "scenario_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"Scenario file (default: {SCENARIO_NAME} in the given folder).",
    ),
)
