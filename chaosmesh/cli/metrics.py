"""`chaosmesh metrics`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from chaosmesh.cli import completing
from chaosmesh.errors import ExitCode, UsageError

KINDS = (".parquet", ".txt", ".prom", ".om")


@click.command()
@click.argument(
    "run",
    required=False,
    metavar="[RUN]",
    type=click.Path(path_type=Path),
    shell_complete=completing.run_folders,
)
@click.option(
    "--export",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write every sample: FILE.parquet, or OpenMetrics text as FILE.txt, FILE.om or FILE.prom (- for stdout).",
)
@click.option(
    "--grafana",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the Grafana dashboard (- for stdout); needs no run.",
)
def metrics(run: Path | None, target: Path | None, grafana: Path | None) -> int:
    """What a Prometheus server scraped in a run.

    RUN is the folder of a run that had one: `verify --prometheus`, or an experiment with a claim in PromQL. Without an option
    its metrics are listed, with how many series and samples each has.
    """
    if grafana is not None:
        _dashboard(grafana)
    if run is None:
        if grafana is None or target is not None:
            raise UsageError("which run?", hint="chaosmesh metrics runs/NAME/latest --export metrics.parquet")
        return ExitCode.PASS
    if target is not None:
        _export(run, target)
    elif grafana is None:
        _list(run)
    return ExitCode.PASS


def _dashboard(target: Path) -> None:
    from chaosmesh.engine.metrics.grafana import dashboard

    _write(target, json.dumps(dashboard("chaosmesh"), indent=1, ensure_ascii=False) + "\n", "--grafana")


def _export(run: Path, target: Path) -> None:
    from chaosmesh.engine.metrics import dump

    if target.suffix == ".parquet":
        series = run / dump.FILE
        if not series.is_file():
            dump.read(run)  # says what is missing
        try:
            shutil.copyfile(series, target)
        except OSError as error:
            raise UsageError(f"--export: {target} can't be written: {error.strerror}") from error
        return
    if target != Path("-") and target.suffix not in KINDS:
        raise UsageError(
            f"--export {target}: of which kind?", hint=f"name it {', '.join(f'FILE{one}' for one in KINDS)}"
        )
    _write(target, "".join(dump.openmetrics(dump.read(run))), "--export")


def _list(run: Path) -> None:
    from collections import Counter

    from chaosmesh.engine.metrics import dump

    series, samples = Counter[str](), Counter[str]()
    for one in dump.read(run):
        name = one.labels["__name__"]
        series[name] += 1
        samples[name] += len(one.samples)
    for name in sorted(series):
        click.echo(f"{name}  {series[name]:,} series, {samples[name]:,} samples")


def _write(target: Path, text: str, option: str) -> None:
    if target == Path("-"):
        click.echo(text, nl=False)
        return
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{option}: {target} can't be written: {error.strerror}") from error
