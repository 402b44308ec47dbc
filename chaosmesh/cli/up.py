"""`chaosmesh up`."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import click

from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import profile_option, runs_option
from chaosmesh.errors import ExitCode


@click.command()
@profile_option
@runs_option
@with_inputs
def up(
    inputs: Inputs,
    profile: str,
    runs: Path,
) -> int:
    """Start the mesh and keep it until Ctrl-C.

    Prints one JSON line: `entry` (where users come in), `nodes` (egress, ingress and admin of every replica).
    """
    asyncio.run(_up(inputs, profile, runs))
    return ExitCode.PASS


async def _up(inputs: Inputs, profile: str, runs: Path) -> None:
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.engine.inputs import policy
    from chaosmesh.engine.stack import Stack

    mesh = policy(inputs.resources, inputs.scenario, profile)
    folder = RunFolder.create(runs, inputs.scenario.name or mesh.name)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Stack(mesh, inputs.scenario, folder, load=False) as stack:
        click.echo(json.dumps(addresses(stack)))
        click.echo("the mesh is up; Ctrl-C ends it", err=True)
        await stack.guarded(stop.wait())


def addresses(stack: Any) -> dict[str, Any]:
    """`{"api", "entry", "nodes", "ui"}` of a running mesh."""
    from chaosmesh.engine.standins import version_of

    nodes: dict[str, list[dict[str, Any]]] = {}
    for one in stack.topology.replicas:
        ports = [listener.port for listener in stack.mesh.workload(one.node).listeners]
        nodes.setdefault(one.node, []).append(
            {
                "replica": one.index,
                "version": version_of(one.node),
                "egress": f"http://{one.sidecar}:15001",
                "ingress": {str(port): f"http://{one.sidecar}:{port}" for port in ports},
                "admin": f"http://{one.sidecar}:9901",
            }
        )
    entry = {name: stack.entry_url(name) for name in stack.topology.entries if stack.speaks_http(name)}
    return {"api": None, "entry": entry, "nodes": nodes, "ui": None}
