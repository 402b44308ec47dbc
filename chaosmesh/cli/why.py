"""`chaosmesh why`."""

from __future__ import annotations

import json
import sys
from typing import TextIO

import click

from chaosmesh.cli import completing
from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import profile_option
from chaosmesh.errors import ExitCode, UsageError


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    metavar="NODE",
    shell_complete=completing.nodes,
    help="Who sends it: a virtual node or gateway.",
)
@click.option("--host", default="", metavar="HOST", help="Host that is called, with or without a port.")
@click.option("--path", default="/", show_default=True, metavar="PATH", help="Path, with its query.")
@click.option("--method", default="GET", show_default=True, metavar="METHOD")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header; any number of them."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="PORT", help="Port of the service or the gateway."
)
@click.option("--scheme", type=click.Choice(["http", "https"]), default="http", show_default=True)
@click.option("--json", "as_json", metavar="FILE", type=click.File("w"), help="Write JSON (- for stdout).")
@profile_option
@with_inputs
def why(
    inputs: Inputs,
    source: str,
    host: str,
    path: str,
    method: str,
    headers: tuple[str, ...],
    port: int | None,
    scheme: str,
    as_json: TextIO | None,
    profile: str,
) -> int:
    """Where a request would go, by which rule, and what protects it, without running anything."""
    from chaosmesh.appmesh.routing import Request
    from chaosmesh.appmesh.why import as_json as plain
    from chaosmesh.appmesh.why import why as ask
    from chaosmesh.engine.inputs import policy
    from chaosmesh.report.screen import screen_of
    from chaosmesh.report.why import WIDTH, lines

    if not path.startswith("/"):
        raise UsageError(f"--path {path} is no path", hint=f"write --path /{path}")
    request = Request(path, method.upper(), dict(map(_header, headers)), scheme, port, host)
    mesh = policy(inputs.resources, inputs.scenario, profile)
    answer = ask(inputs.resources, mesh, source, request)
    if as_json is not None:
        as_json.write(json.dumps(plain(answer), indent=1) + "\n")
    else:
        screen = screen_of(sys.stdout)
        for line in lines(answer):
            click.echo(screen.wrapped(line, WIDTH + 2))
    return ExitCode.PASS


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text[1:].partition(":")
    if not colon or not text.strip():
        raise UsageError(f"--header {text!r} is not NAME:VALUE", hint="write --header 'color: red'")
    return (text[0] + name).strip(), value.strip()
