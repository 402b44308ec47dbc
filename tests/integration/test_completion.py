"""Tab in a real shell: commands, options, run folders and names of nodes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.command import chaosmesh

pytestmark = pytest.mark.integration

SHELLS = {
    "bash": """source completion
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_chaosmesh_completion chaosmesh 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    "zsh": """autoload -Uz compinit; compinit -u -D; source ./completion
compadd() {{ while [[ $1 == -* ]]; do [[ $1 == -V ]] && shift; shift; done; print -l -- ${{(P)1}} }}
_describe() {{ print -l -- ${{(P)3}} | cut -d: -f1 }}
words=({words}); CURRENT=$#words
_chaosmesh_completion
""",
    "fish": """source completion
complete --do-complete "{line}" | string split -f 1 \\t
""",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with documents, two runs, and what `chaosmesh completion` says."""
    (tmp_path / "mesh").symlink_to(ROOT / "fixtures" / "airport")
    for run in ("20260101T000000Z", "20260102T000000Z"):
        folder = tmp_path / "runs" / "airport" / run
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    (tmp_path / "runs" / "airport" / "latest").symlink_to("20260102T000000Z")
    return tmp_path


def offered(shell: str, home: Path, *words: str) -> list[str]:
    """What the shell offers for the last of the words."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    said = chaosmesh("completion", shell)
    assert said.code == 0, said
    (home / "completion").write_text(said.out)
    line = " ".join(words)
    quoted = " ".join(word or '""' for word in words)
    ended = subprocess.run(
        [program, "-c", SHELLS[shell].format(words=quoted, line=line)],
        cwd=home,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [one for one in ended.stdout.split("\n") if one]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_options_runs_and_nodes_are_offered(shell: str, home: Path) -> None:
    assert offered(shell, home, "chaosmesh", "ve") == ["verify"]
    assert {"--profile", "--prometheus"} <= set(offered(shell, home, "chaosmesh", "verify", "--pr"))
    assert offered(shell, home, "chaosmesh", "verify", "--profile", "appmesh-") == ["appmesh-legacy"]
    assert offered(shell, home, "chaosmesh", "trace", "runs/a") == ["runs/airport/latest"]
    assert set(offered(shell, home, "chaosmesh", "judge", "runs/airport/")) == {
        "runs/airport/latest",
        "runs/airport/20260101T000000Z",
        "runs/airport/20260102T000000Z",
    }
    assert offered(shell, home, "chaosmesh", "why", "mesh/", "--from", "de") == ["departures"]
    assert offered(shell, home, "chaosmesh", "render", "mesh/", "--node", "flights-") == [
        "flights-v1",
        "flights-v2",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_shell_does_not_start_the_program(shell: str, home: Path) -> None:
    """Reading the script costs less than one import of the command line: it starts nothing at all."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    (home / "completion").write_text(chaosmesh("completion", shell).out)
    fake = home / "bin" / "chaosmesh"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\ntouch started\n")
    fake.chmod(0o755)
    setup = "autoload -Uz compinit; compinit -u -D; " if shell == "zsh" else ""
    ended = subprocess.run(
        [program, "-c", f"{setup}source ./completion"],
        cwd=home,
        env=os.environ | {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert not (home / "started").exists()


def test_names_of_commands_are_offered_without_loading_their_modules(home: Path) -> None:
    code = (
        "import sys; from chaosmesh.cli.program import program; import click;"
        "found = program.shell_complete(click.Context(program), 've');"
        "assert [one.value for one in found] == ['verify'], found;"
        "assert 'chaosmesh.cli.verify' not in sys.modules"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
