"""The `chaosmesh` command as its users run it: a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .stage import excuse

ROOT = Path(__file__).resolve().parents[2]
AIRPORT = ROOT / "fixtures" / "airport"
PROGRAM = (sys.executable, "-m", "chaosmesh.cli")
TERMINAL = (shutil.which("env") or "env", "--default-signal=INT")
"""Before a command: Ctrl-C as a terminal has it. A test run that was sent to the background ignores it, and so would its
children. (`preexec_fn` would run Python between fork and exec, while other threads hold gRPC's locks.)"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def start(*args: str | Path) -> subprocess.Popen[str]:
    """The command in a session of its own, as a terminal would give it."""
    return subprocess.Popen(
        [*TERMINAL, *PROGRAM, *map(str, args)],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def chaosmesh(*args: str | Path, within: float = 200) -> Ended:
    """Runs the command to its end."""
    with start(*args) as process:
        try:
            out, err = process.communicate(timeout=within)
        finally:
            process.kill()
    return Ended(process.returncode, out, err)


def verified(folder: Path, *args: str | Path, tries: int = 3) -> tuple[Ended, dict[str, Any]]:
    """`chaosmesh verify …` and its JSON; begins anew only where the run itself says that it was undecided, and is skipped
    where it says that the host had no time for it."""
    for number in range(tries):
        file = folder / f"verify-{number}.json"
        ended = chaosmesh("verify", *args, "--json", file, "--runs", folder / "runs")
        if ended.code != 3:
            break
    assert file.exists(), ended
    if ended.code == 3 and (why := excuse(file.read_text())):
        pytest.skip(f"the host was too busy in each of {tries} tries: {why}")
    return ended, json.loads(file.read_text())
