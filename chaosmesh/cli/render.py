"""`chaosmesh render`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from chaosmesh.cli import completing
from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import check_folder, profile_option
from chaosmesh.errors import ExitCode, UsageError

SUBNET = "127.16"
"""Addresses in a rendering are examples: a run leases its own subnet."""


@click.command()
@click.option(
    "--node",
    metavar="NODE",
    shell_complete=completing.nodes,
    help="Only the sidecar of this virtual node or gateway.",
)
@click.option(
    "--static",
    "static_folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write one complete bootstrap per sidecar, fit for `envoy --mode validate`.",
)
@profile_option
@with_inputs
def render(
    inputs: Inputs,
    node: str | None,
    static_folder: Path | None,
    profile: str,
) -> int:
    """The Envoy configuration of each sidecar, as JSON: {node: {listeners, routes, clusters, endpoints, secrets}}."""
    from chaosmesh.engine.inputs import policy
    from chaosmesh.engine.rendering import rendering, static

    mesh = policy(inputs.resources, inputs.scenario, profile)
    known = [one.name for one in mesh.workloads]
    if node is not None and node not in known:
        raise UsageError(f"there is no node {node!r}", hint=f"one of: {', '.join(known)}")
    if static_folder is not None:
        check_folder(static_folder, "--static")
        static_folder.mkdir(parents=True, exist_ok=True)
        for key, config in static(mesh, inputs.scenario, SUBNET, static_folder).items():
            if node in (None, key.rpartition(".")[0]):
                path = static_folder / f"{key}.json"
                path.touch(mode=0o600)  # private keys may be in it
                path.write_text(json.dumps(config, indent=1) + "\n")
                click.echo(path)
        return ExitCode.PASS
    whole = rendering(mesh, inputs.scenario, SUBNET)
    click.echo(json.dumps(whole if node is None else {node: whole[node]}, indent=1))
    return ExitCode.PASS
