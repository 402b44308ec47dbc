"""`chaosmesh doctor`, `setup`, `clean` and `schema`."""

from __future__ import annotations

import json
import sys
from typing import TextIO

import click

from chaosmesh.errors import ExitCode, UsageError

_SAID = 23
"""Columns before what is said of a part."""


@click.command()
@click.option(
    "--json",
    "as_json",
    metavar="FILE",
    type=click.File("w"),
    help="Write the findings as JSON (- for stdout).",
)
def doctor(as_json: TextIO | None) -> int:
    """What is installed, and the exact command for what is not."""
    from chaosmesh.runtime import doctor as look

    findings = look()
    if as_json is not None:
        rows = [
            {
                "part": f.part,
                "found": f.found,
                "needed": f.needed,
                "command": f.command,
                "required": f.required,
                "ok": f.ok,
            }
            for f in findings
        ]
        as_json.write(json.dumps({"findings": rows}, indent=1) + "\n")
    else:
        from chaosmesh.report.screen import screen_of

        screen = screen_of(sys.stdout)
        for one in findings:
            mark = "ok     " if one.found else "missing" if one.required else "without"
            click.echo(screen.wrapped(f"{mark}  {one.part:<13} {one.found or one.needed}", _SAID))
            if not one.found:
                click.echo(screen.wrapped(f"{' ' * _SAID}→ {one.command}", _SAID + 2))
    return ExitCode.PASS if all(f.ok for f in findings) else ExitCode.ENVIRONMENT


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when everything is there.")
@click.option(
    "--runtime",
    type=click.Choice(["process", "docker"]),
    default="process",
    show_default=True,
    help="docker: build the images of containers too.",
)
@click.option("--base", metavar="IMAGE", help="What the images stand on (Debian or a relative of it).")
def setup(quiet: bool, runtime: str, base: str | None) -> int:
    """Get Toxiproxy: from $CHAOSMESH_TOXIPROXY, PATH or the cache, else built once with Go.

    With --runtime docker also the images of sidecars, stand-ins, Toxiproxy and Prometheus; prints their tags.
    """
    from chaosmesh.runtime import toxiproxy

    if base is not None and runtime != "docker":
        raise UsageError("--base is for images", hint=f"chaosmesh setup --runtime docker --base {base}")
    made = [str(toxiproxy.install(_progress))]
    if runtime == "docker":
        made = _images(base)
    if not quiet:
        click.echo("\n".join(made))
    return ExitCode.PASS


def _images(base: str | None) -> list[str]:
    from chaosmesh.runtime.docker import images
    from chaosmesh.runtime.docker.engine import connect

    client = connect()
    try:
        return list(images.build(client, base=base, say=_progress).values())
    finally:
        client.close()


def _progress(line: str) -> None:
    click.echo(line, err=True)


@click.command()
def clean() -> int:
    """Remove what a killed run left: its processes (found by their environment) and temporary folders."""
    from chaosmesh.runtime import clean as sweep

    found = sweep()
    for one in found:
        place = f"pid {one.pid}" if one.pid else one.path
        click.echo(f"removed {one.what} of run {one.run} ({place})")
    click.echo(f"{len(found)} leftovers removed" if found else "nothing was left behind")
    return ExitCode.PASS


@click.command()
def schema() -> int:
    """JSON Schema of the scenario file chaosmesh.yaml."""
    from chaosmesh.documents.scenario import scenario_schema

    click.echo(json.dumps(scenario_schema(), indent=1))
    return ExitCode.PASS
