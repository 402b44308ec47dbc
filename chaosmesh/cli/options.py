"""Options that several commands share."""

from __future__ import annotations

import functools
import json
import os
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


def file_option(*names: str, text: str, stdout: bool = True) -> Callable[[F], F]:
    """An option that names a file to write (str; None where it is not given). UsageError, before anything is done, for
    what can't be written; with `stdout` false also for "-"."""
    return click.option(
        *names,
        metavar="FILE",
        callback=functools.partial(_writable, stdout=stdout),
        help=text,
        shell_complete=completing.files,
    )


def json_option(text: str) -> Callable[[F], F]:
    """`--json FILE` (`json_file`: None, "-" or where to write)."""
    return file_option("--json", "json_file", text=text)


def write_json(target: str, document: Any) -> None:
    """A document into the file that `--json` named, or to stdout."""
    write_text(target, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def write_text(target: str, text: str) -> None:
    """A text into the file that an option named, whole or not at all, or ("-") to stdout."""
    if target == "-":
        click.echo(text, nl=False)
        return
    from chaosmesh.report.write import write_whole

    try:
        write_whole(Path(target), text)
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror}") from None


def seconds_of(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """Seconds of an option that is a duration ("90s"); None where it was not given."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)
    if not found:
        raise click.BadParameter("write a duration with its unit, like 90s or 5m")
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2]]


def _writable(_: click.Context, option: click.Parameter, value: str | None, *, stdout: bool) -> str | None:
    name, hint = option.opts[0], "name a file, or - for stdout" if stdout else "name a file"
    if value is None or (value == "-" and stdout):
        return value
    if value == "-":
        raise UsageError(f"{name}: this one can't go to stdout", hint=hint)
    if Path(value).is_dir():
        raise UsageError(f"{name}: {value} is a folder", hint=hint)
    _check_way(Path(value), name, hint)
    return value


def check_folder(path: Path, name: str) -> None:
    """UsageError where no file can be put into a folder (`name`: its option). It is made when one is."""
    hint = "name a folder, or where one can be made"
    if path.exists() and not path.is_dir():
        raise UsageError(f"{name}: {path} is no folder", hint=hint)
    _check_way(path, name, hint)


def _check_way(path: Path, name: str, hint: str) -> None:
    place = next(one for one in (path, *path.absolute().parents) if one.exists())
    if place != path and not place.is_dir():
        raise UsageError(f"{name}: {path} can't be written: {place} is no folder", hint=hint)
    if not os.access(place, os.W_OK):
        raise UsageError(f"{name}: {path} can't be written: no permission for {place}", hint=hint)
