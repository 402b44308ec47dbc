"""Options that several commands share."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from chaosmesh.cli import completing
from chaosmesh.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

profile_option = click.option(
    "--profile",
    type=click.Choice(["appmesh", "appmesh-legacy", "envoy"]),
    default="appmesh",
    show_default=True,
    help="Whose hidden defaults hold.",
)

HERE = "process" if sys.platform == "linux" else "docker"


def _told(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """In one line, where somebody else than the user has chosen containers."""
    given = context.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.DEFAULT
    if not given and value == "docker":
        click.echo(
            "this machine is no Linux: the mesh runs in containers, as with --runtime docker", err=True
        )
    return value


runtime_option = click.option(
    "--runtime",
    type=click.Choice(["process", "docker"]),
    default=HERE,
    callback=_told,
    show_default=True,
    help="Where the mesh runs: as processes of this machine (Linux), or in containers.",
)

traces_option = click.option(
    "--traces",
    type=click.Choice(["otel", "xray", "off"]),
    help="Spans of every request, by Envoy's OpenTelemetry or X-Ray tracer (default: the scenario's tracing).",
)

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where run folders go.",
)


def undecided_option(what: str = "an undecided run") -> Callable[[F], F]:
    """`--undecided`: whether `what` ends with 3 or with 0."""
    return click.option(
        "--undecided",
        type=click.Choice(["fail", "warn"]),
        default="fail",
        show_default=True,
        help=f"warn: {what} ends with 0.",
    )


def json_option(text: str) -> Callable[[F], F]:
    """`--json FILE` (`json_file`: None, "-" or where to write); UsageError for a folder, before anything is done."""
    return click.option(
        "--json", "json_file", metavar="FILE", callback=_no_folder, help=text, shell_complete=completing.files
    )


def write_json(target: str, document: Any) -> None:
    """A document into the file that `--json` named, or to stdout."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    if target == "-":
        click.echo(text)
    else:
        Path(target).write_text(text + "\n", encoding="utf-8")


def seconds_of(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """Seconds of an option that is a duration ("90s"); None where it was not given."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)
    if not found:
        raise click.BadParameter("write a duration with its unit, like 90s or 5m")
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2]]


def _no_folder(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value not in (None, "-") and Path(str(value)).is_dir():
        raise UsageError(f"--json: {value} is a folder", hint="name a file, or - for stdout")
    return value
