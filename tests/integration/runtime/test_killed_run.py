"""A run whose main process is killed or frozen leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaosmesh.runtime import new_run
from tests.integration.runtime import outside

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("toxiproxy")]
ROOT = Path(__file__).resolve().parents[3]
GONE = 30.0  # seconds in which nothing may be left, on a busy host too


@contextmanager
def victim(run: str, subnet: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The run of `victim.py`; killed and cleaned up at the end."""
    argv = [sys.executable, "-m", "tests.integration.runtime.victim", run, subnet, str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_kill_9_with_a_fault_in_force_leaves_nothing(tmp_path: Path, subnet: str) -> None:
    run = new_run()
    with victim(run, subnet, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "faulted\n"
        assert (
            len(outside.pids(run)) >= 5
        )  # keeper, Toxiproxy, three of the family; the stand-in comes and goes
        process.kill()
        outside.until(lambda: outside.left(run, subnet) == "", "nothing is left", GONE)


def kill_at_a_random_moment(tmp_path: Path, subnet: str, seed: int) -> None:
    run = new_run()
    with victim(run, subnet, tmp_path) as process:
        try:
            process.wait(random.Random(seed).uniform(0.0, 2.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        outside.until(lambda: outside.left(run, subnet) == "", f"nothing is left (seed {seed})", GONE)


@pytest.mark.parametrize("seed", range(5))
def test_kill_9_at_a_random_moment_leaves_nothing(tmp_path: Path, subnet: str, seed: int) -> None:
    kill_at_a_random_moment(tmp_path, subnet, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_kill_9_at_twenty_random_moments_leaves_nothing(tmp_path: Path, subnet: str, seed: int) -> None:
    kill_at_a_random_moment(tmp_path, subnet, seed)


def test_the_kernel_ends_the_children_of_a_killed_keeper(tmp_path: Path, subnet: str) -> None:
    """With main frozen nobody else could."""
    run = new_run()
    with victim(run, subnet, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "faulted\n"
        os.kill(process.pid, signal.SIGSTOP)
        (keeper,) = (pid for pid in outside.pids(run) if parent_and_session(pid)[0] == process.pid)
        # the daemon has a session of its own: the keeper only adopted it
        children = [pid for pid in outside.pids(run) if parent_and_session(pid) == (keeper, keeper)]
        assert children
        os.kill(keeper, signal.SIGKILL)
        outside.until(lambda: not set(children) & set(outside.pids(run)), "its children are gone", GONE)
        os.kill(process.pid, signal.SIGCONT)
        outside.until(lambda: outside.left(run, subnet) == "", "main removed the rest", 30)


def parent_and_session(pid: int) -> tuple[int, int]:
    fields = stat(pid)
    return int(fields[1]), int(fields[3])


def stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", "0", "0", "0"]


def test_a_frozen_main_can_not_keep_a_fault_in_force(tmp_path: Path, subnet: str) -> None:
    run = new_run()

    def asked(place: str, headers: dict[str, str]) -> dict[str, object]:
        request = urllib.request.Request(f"http://{subnet}.{place}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def in_force() -> list[str]:
        proxy = asked("0.1:8474/proxies", {})["x>a.0:8080"]
        slow = asked("32.2:8080/.chaosmesh/config", {"x-chaosmesh-token": "token"})
        return [
            *(["toxic"] if proxy["toxics"] else []),  # type: ignore[index]
            *(["capacity"] if slow["capacity"] else []),
            *(["stopped"] if "T" in map(state, outside.pids(run)) else []),
            *(["neighbour"] if any("neighbour" in command(one) for one in outside.pids(run)) else []),
        ]

    with victim(run, subnet, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "faulted\n"
        os.kill(process.pid, signal.SIGSTOP)
        outside.until(lambda: in_force() == [], "the leases ran out and were healed", 30)
        assert process.poll() is None


def state(pid: int) -> str:
    return stat(pid)[0]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
