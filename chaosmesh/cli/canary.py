"""`chaosmesh canary`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chaosmesh.cli.inputs import Inputs, with_inputs
from chaosmesh.cli.options import (
    json_option,
    profile_option,
    runs_option,
    runtime_option,
    undecided_option,
    write_json,
)
from chaosmesh.errors import ExitCode

if TYPE_CHECKING:
    from chaosmesh.engine.canary import Canary, Plan


@click.command()
@click.option("--plan", "planning", is_flag=True, help="Say what would be done; start nothing.")
@click.option("--seed", type=int, help="Same seed, same requests (default: the scenario's, or 0).")
@undecided_option("a canary that stays undecided")
@json_option("Write the result as JSON (- for stdout, without the lines).")
@profile_option
@runtime_option
@runs_option
@with_inputs
def canary(inputs: Inputs, **choices: Any) -> int:
    """Shift traffic to a new version by the plan of the scenario's `canary:`, each step judged against the stable one.

    A step goes on once its claims are surely kept, holds while they are undecided, and is taken back at once when one
    of them is surely broken (exit 1).
    """
    import asyncio

    from chaosmesh.engine.canary.run import CanaryRun
    from chaosmesh.engine.folder import RunFolder
    from chaosmesh.report.html import write_report
    from chaosmesh.report.junit_runs import canary_junit
    from chaosmesh.report.screen import screen_of
    from chaosmesh.report.write import write_whole

    target = choices["json_file"]
    run = CanaryRun(
        inputs.resources, inputs.scenario, choices["profile"], choices["seed"], choices["runtime"]
    )
    lines = sys.stderr if target == "-" else sys.stdout
    screen = screen_of(lines)

    def say(text: str) -> None:
        print(screen.wrapped(text, 4), file=lines, flush=True)

    for text in _planned(run.plan):
        say(text)
    if choices["planning"]:
        return ExitCode.PASS
    folder = RunFolder.create(choices["runs"], run.name)
    found = asyncio.run(run.run(folder, say))
    write_whole(folder.path / "junit.xml", canary_junit(found, {"mesh": run.mesh.name, "seed": run.seed}))
    write_report(folder.path)
    say(f"{_summary(found)}   {folder.path}")
    if target is not None:
        write_json(target, found.as_json())
    return _code(found, tolerant=choices["undecided"] == "warn")


def _planned(plan: Plan) -> list[str]:
    steps = ", ".join(f"{one.weight} %" for one in plan.steps)
    from chaosmesh.engine.canary.claims import said

    claims = dict.fromkeys(said(claim.statement) for one in plan.steps for claim in one.requirements)
    return [
        f"{plan.route.id} → {plan.to}: {steps} (stable: {', '.join(plan.stable)})",
        *(f"  {one}" for one in claims),
    ]


def _summary(found: Canary) -> str:
    words = {
        "pass": "All traffic is at the new version"
        if found.weight == 100
        else f"{found.weight} % are at the new version",
        "fail": "The new version is worse",
        "inconclusive": f"Undecided at {found.weight} %",
        "invalid": f"Says nothing: {found.reason}",
    }
    text = words[found.verdict.value]
    if found.back is not None:
        text += f"; back in {found.back.in_force_ms:.0f} ms, {found.back.strays} stray calls"
    return f"{text}; it got {found.exposed:,} calls, {found.hurt:,} of them failed"


def _code(found: Canary, *, tolerant: bool) -> int:
    if found.verdict.value == "pass":
        return ExitCode.PASS
    if found.verdict.value == "fail":
        return ExitCode.FAIL
    return ExitCode.PASS if tolerant else ExitCode.UNDECIDED
