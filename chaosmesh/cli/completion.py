"""`chaosmesh completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from chaosmesh.errors import ExitCode, UsageError

VARIABLE = "_CHAOSMESH_COMPLETE"
"""The environment variable by which the shell's function asks the program; click looks for it under this name."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """What your shell needs to complete commands, options, run folders and names of nodes.

    Write it once where the shell looks, so that no new shell has to start chaosmesh:

    \b
    chaosmesh completion bash > ~/.local/share/bash-completion/completions/chaosmesh
    chaosmesh completion zsh  > ~/.zfunc/_chaosmesh     # with ~/.zfunc in fpath, before compinit
    chaosmesh completion fish > ~/.config/fish/completions/chaosmesh.fish
    """
    from chaosmesh.cli.program import program

    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"there is no completion for {shell}")
    click.echo(made(program, {}, "chaosmesh", VARIABLE).source())
    return ExitCode.PASS
