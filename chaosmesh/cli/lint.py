"""`chaosmesh lint`."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from chaosmesh.appmesh.lint import Finding
from chaosmesh.appmesh.lint import lint as find
from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import file_option, json_option, profile_option, write_json
from chaosmesh.errors import ExitCode, UsageError


@click.command()
@json_option("Write the findings as JSON to FILE, or - for stdout.")
@file_option(
    "--sarif", "sarif_file", text="Write the findings as SARIF 2.1.0 too (- for stdout, without the lines)."
)
@profile_option
@functools.partial(with_inputs, whole=False)
def lint(inputs: Inputs, profile: str, json_file: str | None, sarif_file: str | None) -> int:
    """What is wrong with the policy before anything runs.

    Each finding names its place and what to do; docs/lint/ has a page for each rule. Exit code 1 if there is an
    error, else 0.
    """
    found = find(inputs.resources, profile=profile, scenario=inputs.scenario)
    if json_file == sarif_file == "-":
        raise UsageError("--json - and --sarif - both want stdout", hint="name a file for one of them")
    if json_file is not None:
        write_json(json_file, {"findings": [as_json(one) for one in found]})
    if sarif_file is not None:
        write_json(sarif_file, _sarif(found))
    _tell_github(found)
    if "-" not in (json_file, sarif_file):
        from chaosmesh.report.lint import shown
        from chaosmesh.report.screen import screen_of

        click.echo(shown(found, screen_of(sys.stdout)))
    return ExitCode.FAIL if any(one.rule.severity == "error" for one in found) else ExitCode.PASS


def _sarif(found: Sequence[Finding]) -> Any:
    from chaosmesh.report.jsonfile import jsonable
    from chaosmesh.report.sarif import sarif

    return jsonable(sarif(found, Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())))


def _tell_github(found: Sequence[Finding]) -> None:
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from chaosmesh.report import github_summary
    from chaosmesh.report.github import commands, of_lint
    from chaosmesh.report.github_run import tell

    tell(commands(of_lint(found)), github_summary.of_lint(found), sys.stderr)


def as_json(finding: Finding) -> dict[str, Any]:
    """One finding as outside callers read it."""
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity,
        **asdict(finding.where),
        "resource": finding.resource,
        "message": finding.message,
        "hint": finding.hint,
    }
