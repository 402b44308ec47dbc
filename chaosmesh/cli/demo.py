"""`chaosmesh demo`."""

from __future__ import annotations

from pathlib import Path

import click

from chaosmesh.cli.inputs import Inputs
from chaosmesh.cli.options import HERE, json_option, runs_option
from chaosmesh.errors import EnvironmentFailedError, ExitCode


@click.command()
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same victims.")
@runs_option
@json_option("Write the result as JSON.")
def demo(seed: int, runs: Path, json_file: str | None) -> int:
    """Verify the airport: departures → flights (v1, v2) → weather.

    Takes a little over a minute. It shows a weakness of the policy under a fault and tries the one-line
    change that cures it.
    """
    from chaosmesh.appmesh import load
    from chaosmesh.cli.verify import run_verify
    from chaosmesh.documents.scenario import load_scenario
    from chaosmesh.runtime import toxiproxy

    toxiproxy.install(lambda line: click.echo(line, err=True))
    home = _shown(airport())
    scenario = load_scenario(home)
    inputs = Inputs(load(scenario.sources()), scenario, (str(home),))
    choices = {
        "profile": "appmesh",
        "seed": seed,
        "only": (),
        "quick": False,
        "budget": None,
        "fail_fast": False,
        "strict": False,
        "listing": False,
        "json_file": json_file,
        "runs": runs,
        "undecided": "warn",
        "workers": 1,
        "workers_bind": "",
        "runtime": HERE,
    }
    code = run_verify(inputs, choices)
    click.echo(_next_steps(home), err=True)
    return code if code is not ExitCode.FAIL else ExitCode.PASS


def airport() -> Path:
    """The airport's folder: package data of an installed package, the repository's own folder in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for home in (package / "fixtures" / "airport", package.parent / "fixtures" / "airport"):
        if (home / "chaosmesh.yaml").is_file():
            return home
    raise EnvironmentFailedError("the airport is missing from this installation", hint="reinstall chaosmesh")


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _next_steps(home: Path) -> str:
    rows = [
        (f"chaosmesh verify {home} --profile envoy", "the same policy without App Mesh's hidden defaults"),
        ("chaosmesh verify YOUR-DOCUMENTS --list", "what would be tried on your own policy"),
        (f"chaosmesh up {home}", "the mesh by itself, to call with curl"),
        ("pytest experiments/", "the same questions as tests"),
    ]
    width = max(len(command) for command, _ in rows)
    return "\n".join(["", "Try next:", *(f"  {command:<{width}}  {what}" for command, what in rows)])
