"""`--prometheus`: the same as `prometheus: true` in the scenario file."""

from __future__ import annotations

from dataclasses import replace

import click

from chaosmesh.cli.inputs import Inputs

prometheus_option = click.option(
    "--prometheus",
    is_flag=True,
    help="Scrape everything with a Prometheus server, and keep what it saw in the run folder.",
)


def scraped(inputs: Inputs, wanted: bool) -> Inputs:
    """The inputs with a server, if that is wanted."""
    if not wanted:
        return inputs
    scenario = inputs.scenario
    server = scenario.prometheus.model_copy(update={"enabled": True})
    return replace(inputs, scenario=scenario.model_copy(update={"prometheus": server}))
