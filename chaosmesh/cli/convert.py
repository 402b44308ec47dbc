"""`chaosmesh convert`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import click

from chaosmesh.appmesh.convert import TARGETS, Conversion, Loss
from chaosmesh.appmesh.convert import convert as to_format
from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import json_option, write_json
from chaosmesh.documents.writing import Page
from chaosmesh.errors import ExitCode, UsageError


@click.command()
@click.option("--to", "target", type=click.Choice(list(TARGETS)), required=True, help="The format to write.")
@click.option(
    "--out", default="-", show_default=True, metavar="DIR", help="Folder for the files, or - for stdout."
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@json_option("Write files and losses as JSON to FILE, or - for stdout.")
@functools.partial(with_inputs, whole=False)
def convert(inputs: Inputs, target: str, out: str, force: bool, json_file: str | None) -> int:
    """The same policy in another format; what is written reads back equal.

    What a real user of that format would refuse, ignore or lack goes to stderr, line by line. docs/formats.md tells
    what each format can't say.
    """
    if out == "-" and json_file == "-":
        raise UsageError("--out - and --json - both want stdout", hint="give --out a folder")
    found = to_format(inputs.resources, target)
    if out == "-":
        click.echo(joined(found.pages), nl=False)
        files: list[str] = []
    else:
        files = write(found.pages, Path(out), force=force)
    report(found, files)
    if json_file is not None:
        rows = {"written": files, "losses": [as_json(one) for one in found.losses]}
        write_json(json_file, rows)
    return ExitCode.PASS


def joined(pages: Sequence[Page]) -> str:
    """Everything as one text that can be read again: several JSON documents become a list."""
    if len(pages) == 1:
        return pages[0].text
    return "[\n" + ",\n".join(page.text.rstrip("\n") for page in pages) + "\n]\n"


def write(pages: Sequence[Page], folder: Path, *, force: bool) -> list[str]:
    """Writes every page and returns the paths; UsageError, with nothing written, where a file is there already."""
    paths = [folder / page.file for page in pages]
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(f"{there[0]} exists{more}", hint="give another --out, or overwrite with --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, page in zip(paths, pages, strict=True):
            path.write_text(page.text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} can't be written: {error.strerror}", hint="give another --out"
        ) from None
    return [str(path) for path in paths]


def report(found: Conversion, files: Sequence[str]) -> None:
    """What was written and what is lost, for people."""
    for one in found.losses:
        field = f" {one.field}" if one.field else ""
        click.echo(f"loss: {one.where} {one.resource}{field}: {one.reason}", err=True)
    where = f"{len(files)} file{'s' if len(files) != 1 else ''} written" if files else "written to stdout"
    losses = (
        f"{len(found.losses)} loss{'es' if len(found.losses) != 1 else ''}"
        if found.losses
        else "nothing is lost"
    )
    click.echo(f"{where}; {losses}", err=True)


def as_json(loss: Loss) -> dict[str, object]:
    """One loss as outside callers read it."""
    place = {"file": loss.where.file, "line": loss.where.line}
    return {"resource": loss.resource, "field": loss.field, "reason": loss.reason, **place}
