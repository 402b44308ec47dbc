"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

profile_option = click.option(
    "--profile",
    type=click.Choice(["appmesh", "appmesh-legacy", "envoy"]),
    default="appmesh",
    show_default=True,
    help="Whose hidden defaults hold.",
)

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where run folders go.",
)
