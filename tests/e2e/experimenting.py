"""pytest with experiments as users run it: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import outside
from .command import AIRPORT, ROOT, TERMINAL, Ended

START = 120.0
"""Seconds for a mesh to be up and under a fault, also on a machine that is busy with other things."""

HEAD = f"""
import asyncio, time
from pathlib import Path
import pytest
from chaosmesh import at_least, at_most
AIRPORT = {str(AIRPORT)!r}
HERE = Path(__file__).parent
"""


def start(folder: Path, body: str, *options: str) -> subprocess.Popen[str]:
    """pytest on a file of experiments, in a session of its own, as a terminal would give it."""
    (folder / "test_it.py").write_text(HEAD + body)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    plain = ("-p", "no:locust", "-p", "no:cacheprovider", "-v")
    return subprocess.Popen(
        [*TERMINAL, sys.executable, "-m", "pytest", *plain, *options, "test_it.py"],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, body: str, *options: str, within: float = 200) -> Ended:
    """The same, to its end."""
    with start(folder, body, *options) as process:
        try:
            out, _ = process.communicate(timeout=within)
        finally:
            process.kill()
    return Ended(process.returncode, out, "")


@dataclass
class Session:
    """A pytest session seen from outside, with the run ids and subnets that were seen of it."""

    process: subprocess.Popen[str]
    folder: Path
    runs: set[str] = field(default_factory=set)
    subnets: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Learn which runs it has, and where they listen."""
        self.runs |= {found for pid in outside.children(self.process.pid) if (found := outside.run_of(pid))}
        for one in self.runs:
            self.subnets |= outside.subnets(one)

    def until_marked(self, name: str) -> None:
        """Wait until the test has made a file of this name."""

        def missing() -> str:
            if (self.folder / name).exists():
                return ""
            assert self.process.poll() is None, f"it ended by itself: {self.process.stdout.read()}"  # type: ignore[union-attr]
            return f"no {name}"

        outside.until(missing, START)
        self.look()

    def left(self) -> str:
        """Processes and sockets that are there; nothing if none is."""
        running = [pid for one in self.runs for pid in outside.pids(one)]
        listening = [one for subnet in self.subnets for one in outside.listeners(subnet)]
        return f"pids {running}, listening {listening}" if running or listening else ""
