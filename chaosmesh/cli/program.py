"""The `chaosmesh` command: its groups of subcommands, and how errors become exit codes."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import traceback
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from chaosmesh.errors import ChaosMeshError, ExitCode, first_of

GROUPS: dict[str, dict[str, str]] = {
    "Start": {"demo": "demo", "verify": "verify", "up": "up"},
    "Understand": {"lint": "lint", "why": "why", "render": "render", "report": "report", "trace": "trace"},
    "Nightly": {"gate": "gate", "compare": "compare", "history": "history"},
    "More": {
        "canary": "canary",
        "judge": "judge",
        "metrics": "metrics",
        "convert": "convert",
        "doctor": "environment",
        "setup": "environment",
        "clean": "environment",
        "schema": "environment",
        "completion": "completion",
    },
}
"""Section of the help → command → module of `chaosmesh.cli` that has it."""

SUMMARIES = {
    "demo": "Verify the airport that comes with the package; shows a weakness and cures it.",
    "verify": "Start the mesh, check every rule of its policy, then break every edge.",
    "up": "Start the mesh and keep it until Ctrl-C; prints one JSON line with its addresses.",
    "lint": "What is wrong with the policy before anything runs.",
    "why": "Where a request would go, and by which rule.",
    "render": "The Envoy configuration of each sidecar.",
    "report": "The report of a run as a page, as Markdown, as JUnit or here.",
    "trace": "What single requests of a run met, hop by hop, as a waterfall.",
    "gate": "Everything that the scenario's `gate:` names: one error budget, one verdict, one exit code.",
    "compare": "Two policies or two runs side by side: which behaviour changed.",
    "history": "Trends over nightly runs: what became worse for good, and since when.",
    "canary": "Shift traffic to a new version step by step, and back at once if it is worse.",
    "judge": "The verdict of a run once more, from its folder alone.",
    "metrics": "What was scraped in a run, as OpenMetrics or Parquet; a Grafana dashboard for it.",
    "convert": "The same policy as API JSON, CloudFormation or Kubernetes, with what is lost.",
    "doctor": "What is installed, and the exact command for what is not.",
    "setup": "Get Toxiproxy (cache, PATH, or built once).",
    "clean": "Remove what a killed run left.",
    "schema": "JSON Schema of the scenario file.",
    "completion": "Completion for bash, zsh or fish.",
}

EXIT_CODES = """Exit codes: 0 pass · 1 a check, claim, declared SLO or waiver failed · 2 usage or invalid document ·
3 undecided (inconclusive or invalid) · 4 environment · 5 stopped by a limit · 70 our bug · 130 interrupted"""


WIDTH, NARROWEST = 52, 40
"""Columns below which click does not go by itself, and below which we don't."""


class Program(click.Group):
    """Loads a command's module when it is called, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for group in GROUPS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        for group in GROUPS.values():
            if cmd_name in group:
                module = importlib.import_module(f"chaosmesh.cli.{group[cmd_name]}")
                command: click.Command = getattr(module, cmd_name)
                return command
        return None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands by their names alone: click's own way loads the module of each."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=SUMMARIES[name]) for name in names]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, group in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, SUMMARIES[name]) for name in group])


@click.command(
    cls=Program,
    name="chaosmesh",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(package_name="chaosmesh", message="%(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Does this service-mesh policy do what its owner intends when things break?

    chaosmesh runs AWS App Mesh documents on real Envoy sidecars, drives Locust load, injects faults with
    Toxiproxy, and judges with statistics. Start with: chaosmesh demo
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(argv: Sequence[str]) -> int:
    """Run the command; every error becomes text on stderr and an exit code, never a traceback."""
    try:
        code = program.main(
            args=list(argv), prog_name="chaosmesh", standalone_mode=False, terminal_width=_narrow()
        )
        return int(code or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: everything is healed and stopped", err=True)
        return ExitCode.INTERRUPTED
    except BaseExceptionGroup as group:
        return _explained(group)
    except ChaosMeshError as error:
        return _shown(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PASS
    except Exception:  # noqa: BLE001 - the last resort: our own bug
        return _bug()


def _narrow() -> int | None:
    """Columns for the help where there are fewer than click's own least width; None: click knows."""
    columns = shutil.get_terminal_size().columns
    return max(columns, NARROWEST) if columns < WIDTH else None


def _explained(group: BaseExceptionGroup[BaseException]) -> int:
    """The first of our own errors in a group is what the user needs to know."""
    ours = first_of(group)
    if isinstance(ours, ChaosMeshError):
        return _shown(ours)
    if group.subgroup(KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return _bug()


def _shown(error: ChaosMeshError) -> int:
    from chaosmesh.report.errors import present
    from chaosmesh.report.screen import screen_of

    click.echo(present(error, screen_of(sys.stderr)), err=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from chaosmesh.report.github import commands, of_error

        click.echo(commands(of_error(error)), err=True, nl=False)
    return int(error.code)


def _bug() -> int:
    click.echo(traceback.format_exc(), err=True)
    click.echo("this is a bug of chaosmesh: please report it with the lines above", err=True)
    return ExitCode.INTERNAL
