"""Options that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path

import click

profile_option = click.option(
    "--profile",
    type=click.Choice(["appmesh", "appmesh-legacy", "envoy"]),
    default="appmesh",
    show_default=True,
    help="Whose hidden defaults hold.",
)

runtime_option = click.option(
    "--runtime",
    type=click.Choice(["process", "docker"]),
    default="process" if sys.platform == "linux" else "docker",
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
