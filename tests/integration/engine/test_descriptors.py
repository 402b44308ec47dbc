"""A host that lets a process open few files: it is said before load begins, and nothing counts once there are none left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

HARD = 3000
ROOT = Path(__file__).parents[3]


def test_a_small_limit_is_told_before_load_and_a_sidecar_without_descriptors_makes_nothing_count(
    tmp_path: Path,
) -> None:
    """100 requests a second that stay 15 s, four files each, and what a sidecar needs itself: 6,200."""
    program = (sys.executable, "-m", "tests.integration.engine.starved_of_files", str(tmp_path))
    done = subprocess.run(
        ["prlimit", f"--nofile={HARD}:{HARD}", *program],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    warned, begun, well, ill, crashed = done.stdout.splitlines()
    assert warned.startswith("open files: at 100 requests/s the sidecar of front may need 6,200 ")
    assert "the hard limit is 3,000" in warned
    assert "`ulimit -Hn 65536`" in warned
    assert (begun, well) == ("load begins", "measured: None")
    assert ill.startswith("measured: sidecar-front.0 had no file descriptor left (too many open files")
    assert crashed.startswith(
        "sidecar-front.0 ended by itself, signal 11 (SIGSEGV): it had no file descriptor left (too many open files"
    )
    assert "`ulimit -Hn" in crashed
